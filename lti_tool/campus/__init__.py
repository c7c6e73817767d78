"""A small LMS and a strict LTI 1.3 platform, to try the tool with and to test it against.

Another product on purpose: own database, own keys, own code, nothing shared with the tool.
"""
