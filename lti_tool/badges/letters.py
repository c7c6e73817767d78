"""Letters of a badge's picture, as strokes: a picture may not depend on fonts that are there."""

MOST_LETTERS = 4
_WIDTH, _HEIGHT, _BETWEEN = 40, 60, 24
# The room of the sign, in its own units.
_ROOM_WIDTH, _MIDDLE, _TALLEST = 296.0, (256.0, 194.0), 2.4
# The more letters, the thinner: a stroke keeps about a third of a letter's width.
_STROKES = {1: 30.0, 2: 30.0, 3: 24.0, 4: 18.0}

# Each in a box 40 wide and 60 high, drawn along the middle of its strokes.
_SHAPES = {
    "A": "M0 60 20 0 40 60M7 40H33",
    "B": "M0 30H24A15 15 0 0 0 24 0H0V60H25A15 15 0 0 0 25 30",
    "C": "M39 11C30-5 0-4 0 22V38C0 64 30 65 39 49",
    "D": "M0 0V60H14C49 60 49 0 14 0Z",
    "E": "M38 0H0V60H38M0 30H30",
    "F": "M38 0H0V60M0 30H30",
    "G": "M38 11C30-5 0-4 0 22V38C0 66 40 66 40 38V34H24",
    "H": "M0 0V60M40 0V60M0 30H40",
    "I": "M8 0H32M8 60H32M20 0V60",
    "J": "M36 0V40C36 66 0 66 0 42",
    "K": "M0 0V60M40 0 0 36M14 24 40 60",
    "L": "M0 0V60H38",
    "M": "M0 60V0L20 34 40 0V60",
    "N": "M0 60V0L40 60V0",
    "O": "M20 0C-6 0-6 60 20 60S46 0 20 0Z",
    "P": "M0 60V0H22C46 0 46 34 22 34H0",
    "Q": "M20 0C-6 0-6 60 20 60S46 0 20 0ZM26 44 42 62",
    "R": "M0 60V0H22C46 0 46 34 22 34H0M20 34 40 60",
    "S": "M37 10C28-5 2-4 2 14C2 34 38 26 38 45C38 65 8 64 2 50",
    "T": "M0 0H40M20 0V60",
    "U": "M0 0V40C0 66 40 66 40 40V0",
    "V": "M0 0 20 60 40 0",
    "W": "M0 0 10 60 20 24 30 60 40 0",
    "X": "M0 0 40 60M40 0 0 60",
    "Y": "M0 0 20 30 40 0M20 30V60",
    "Z": "M0 0H40L0 60H40",
    "0": "M20 0C-2 0-2 60 20 60S42 0 20 0ZM11 44 29 16",
    "1": "M8 12 22 0V60M8 60H36",
    "2": "M2 15C4-6 38-4 38 16C38 32 2 44 2 60H38",
    "3": "M4 4H36L18 26C46 24 46 60 18 60C10 60 4 56 2 50",
    "4": "M30 60V0L0 42H40",
    "5": "M36 0H6L4 28C16 18 40 22 40 40C40 64 8 64 2 50",
    "6": "M32 2C10 8 0 24 0 40C0 66 40 66 40 42C40 20 6 20 1 38",
    "7": "M0 0H40L14 60",
    "8": "M20 28C-4 28-2 0 20 0S44 28 20 28C-8 28-8 60 20 60S48 28 20 28Z",
    "9": "M8 58C30 52 40 36 40 20C40-6 0-6 0 18C0 40 34 40 39 22",
    "+": "M20 14V46M4 30H36",
    "-": "M6 30H34",
    ".": "M20 59V60",
}


def can_be_drawn(text: str) -> bool:
    """Tell whether it is 1 to 4 of the capitals A to Z, digits, plus, hyphen and full stop."""
    return 1 <= len(text) <= MOST_LETTERS and set(text) <= _SHAPES.keys()


def drawn(text: str) -> str:
    """Return SVG paths of letters that can be drawn, in the room of a sign."""
    count = len(text)
    whole = count * _WIDTH + (count - 1) * _BETWEEN
    scale = min(_TALLEST, _ROOM_WIDTH / whole)
    left, top = _MIDDLE[0] - whole * scale / 2, _MIDDLE[1] - _HEIGHT * scale / 2
    step = (_WIDTH + _BETWEEN) * scale
    return "".join(
        f'<path transform="translate({left + number * step:.1f} {top:.1f}) scale({scale:.3f})"'
        f' stroke-width="{_STROKES[count] / scale:.2f}" d="{_SHAPES[letter]}"/>'
        for number, letter in enumerate(text)
    )
