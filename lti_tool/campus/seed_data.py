"""Who and what is in the demo, always the same: ids follow from this order."""

from typing import Final

# given name, family name, kind, note for the picker, shown among the first
PEOPLE: Final = (
    (
        "Mirela",
        "Dragomir",
        "instructor",
        "Instructor: adds assessments to a course and reads the gradebook",
        True,
    ),
    ("Amara", "Nwosu", "student", "Student: takes an assessment and earns a badge", True),
    ("Linh", "Đặng", "student", "Student: has 25% extra time", True),
    (
        "Ruth",
        "Adeyemi-Clarke",
        "registrar",
        "Registrar: follows everybody’s way to a degree",  # noqa: RUF001 - an apostrophe
        True,
    ),
    ("Tomasz", "Wierzbicki", "administrator", "Administrator: connects tools to Campus", True),
    ("Ingrid", "Sæther", "student", "", False),
    ("Björn", "Åström", "student", "", False),
    ("Chloé", "O'Neill", "student", "", False),
    ("Dmitri", "Иванов", "student", "", False),
    ("Fatima", "al-Zahra", "student", "", False),
    ("Kwame", "Boateng", "student", "", False),
    ("María José", "Núñez", "student", "", False),
    ("Jun", "Watanabe", "student", "", False),
)

# label, title, sections of (title, notes of (title, body))
COURSES: Final = (
    (
        "BIO2",
        "Biostatistics 2, Spring",
        (
            (
                "Week 3: What a number can tell",
                (
                    (
                        "Notes: From rates to counts",
                        (
                            "A rate hides how many people it speaks of. Ask for the count first, "
                            "then for the time it was counted over, then for who was left out."
                        ),
                    ),
                    (
                        "Forum: Charts I met this week",
                        (
                            "Bring one chart from a newspaper. Say in two sentences what it shows "
                            "and in one what it does not."
                        ),
                    ),
                ),
            ),
            (
                "Week 4: Keeping data",
                (
                    (
                        "Notes: A file somebody else can read",
                        (
                            "Name the columns, state the units, keep the raw file as it came. "
                            "Whatever was changed, write down why."
                        ),
                    ),
                ),
            ),
        ),
    ),
    (
        "DATA1",
        "Data Stewardship 1",
        (
            (
                "Week 1: Whose data is it?",
                (
                    (
                        "Notes: Asking before measuring",
                        (
                            "Consent is a conversation. It says what is kept, for how long, and "
                            "how to take it back."
                        ),
                    ),
                ),
            ),
            ("Week 2: Sharing with care", ()),
        ),
    ),
)

# The second course has the instructor and every other student.
IN_SECOND_COURSE: Final = frozenset({"Mirela", "Amara", "Linh", "Ingrid", "Chloé", "Kwame", "Jun"})
