"""One way to refuse: a status, a code for programs and a sentence for people."""


class RefusalError(Exception):
    """A request that breaks a rule of a specification or of Campus.

    Args:
        status: the HTTP status to answer with.
        code: an OAuth or OIDC error code, or a short word of ours.
        message: safe to show and to send back.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
