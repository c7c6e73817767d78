"""Campus: a small LMS and an honest LTI 1.3 platform, for the demo and the tests."""
