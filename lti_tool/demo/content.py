"""What is taught in the demo: two small assessments, each with questions a learner can grow by."""

from collections.abc import Sequence

from lti_tool.assessments.items import Option, SingleChoice

STATISTICS: Sequence[SingleChoice] = (
    SingleChoice(
        title="Halving a small risk",
        stimulus=(
            "A newspaper writes: *New drug halves the risk of a stroke.* In the trial, 2 of 1,000 "
            "people who took a placebo had a stroke within five years, and 1 of 1,000 people who "
            "took the drug."
        ),
        stem="By how much did the drug lower the risk, in absolute terms?",
        options=(
            Option(
                id="a",
                text="By 50%",
                feedback="That is the relative reduction: one of two strokes was avoided.",
            ),
            Option(id="b", text="By 0.1 percentage points"),
            Option(
                id="c",
                text="By 1 percentage point",
                feedback="One in a thousand is 0.1%, not 1%.",
            ),
            Option(
                id="d",
                text="By 2 percentage points",
                feedback="The risk was 0.2% to begin with; it cannot fall by more.",
            ),
        ),
        key="b",
        rationale=(
            "The risk fell from 0.2% to 0.1%. *Halved* is true as well, but says nothing about how "
            "large the risk was: a thousand people take the drug for five years, and one of them "
            "is spared a stroke."
        ),
    ),
    SingleChoice(
        title="A positive test",
        stimulus=(
            "One person in a hundred has a certain disease. A test finds 90 of 100 people who have "
            "it. Of 100 people who do not have it, the test wrongly reports 9."
        ),
        stem="Somebody's test is positive. About how likely is it that they have the disease?",
        options=(
            Option(
                id="a",
                text="About 90%",
                feedback="That is how many of the *ill* are found. Those found include others.",
            ),
            Option(
                id="b",
                text="About 91%",
                feedback="That is how many of the *healthy* are told so.",
            ),
            Option(
                id="c",
                text="About 50%",
                feedback="Count what happens to 1,000 people, and compare the two groups.",
            ),
            Option(id="d", text="About 9%"),
        ),
        key="d",
        rationale=(
            "Of 1,000 people 10 are ill, and 9 of them test positive. Of the other 990, about 89 "
            "test positive too. So 9 of 98 positive tests are right: about 9%."
        ),
    ),
    SingleChoice(
        title="Hospital beds",
        stimulus=(
            "A study of 40 cities finds: the more hospital beds a city has, the more of its people "
            "die in a year. The correlation is strong, and no accident of the sample."
        ),
        stem="What explains this best?",
        options=(
            Option(id="a", text="Cities with more people have both more beds and more deaths"),
            Option(
                id="b",
                text="Hospitals cause deaths",
                feedback="They may, but beds and deaths would rise together even if they did not.",
            ),
            Option(
                id="c",
                text="Cities build beds after many people have died",
                feedback="This turns the arrow round, but leaves out what drives both.",
            ),
            Option(
                id="d",
                text="Nothing: a correlation never means anything",
                feedback="It means that something links the two. The question is what.",
            ),
        ),
        key="a",
        rationale=(
            "The size of the city is a common cause. Compare beds and deaths *per 10,000 people*, "
            "and for people of the same age, before asking whether one affects the other."
        ),
    ),
    SingleChoice(
        title="Where the axis begins",
        stimulus=(
            "A bar chart shows how many students passed: 84% last year, 88% this year. Its axis "
            "begins at 80%."
        ),
        stem="What does the chart make its readers see that the numbers do not say?",
        options=(
            Option(
                id="a",
                text="That fewer students took the exam",
                feedback="The chart shows shares; it says nothing about how many there were.",
            ),
            Option(id="b", text="That the share has doubled"),
            Option(
                id="c",
                text="That the change is too small to matter",
                feedback="The opposite: a cut axis makes a change look larger.",
            ),
            Option(
                id="d",
                text="That the exam was easier",
                feedback="A reader may guess so, but the picture does not show reasons.",
            ),
        ),
        key="b",
        rationale=(
            "Above 80% the first bar has 4 units and the second 8, so it is twice as tall. The "
            "length of a bar stands for its value, so the axis of a bar chart begins at zero."
        ),
    ),
    SingleChoice(
        title="An interval that includes zero",
        stimulus=(
            "A trial of a study method reports: *mean difference in exam points 3, 95% confidence "
            "interval from −1 to 7*."  # noqa: RUF001 - a minus sign
        ),
        stem="Which conclusion do the data support?",
        options=(
            Option(
                id="a",
                text="The method has been shown not to work",
                feedback="No evidence of an effect is not evidence of no effect.",
            ),
            Option(
                id="b",
                text="95% of the students gained between −1 and 7 points",  # noqa: RUF001 - minus
                feedback="The interval is about the *mean* difference, not about single students.",
            ),
            Option(
                id="c",
                text="The data fit no difference, and also a gain of several points",
            ),
            Option(
                id="d",
                text="The method gains 3 points, beyond doubt",
                feedback="3 is the best single guess; the interval says how uncertain it is.",
            ),
        ),
        key="c",
        rationale=(
            "Every value inside the interval fits the data reasonably well, zero among them, and 7 "
            "points as well. The honest answer is that the trial was too small to tell."
        ),
    ),
)

DATA_MANAGEMENT: Sequence[SingleChoice] = (
    SingleChoice(
        title="Findable",
        stem="Which step does most to make a data set *findable* for strangers?",
        options=(
            Option(
                id="a",
                text="Offering it for download on the group's own web page",
                feedback="Pages move, and few people search them.",
            ),
            Option(
                id="b",
                text="Mailing it to everybody who asks",
                feedback="They must know of it before they can ask.",
            ),
            Option(
                id="c",
                text="Depositing it with a DOI and a description in a searchable repository",
            ),
            Option(
                id="d",
                text="Saving it in an open file format",
                feedback="That helps those who have found it: it makes data *interoperable*.",
            ),
        ),
        key="c",
        rationale=(
            "A persistent identifier does not break when a server moves, and the description is "
            "what search engines and catalogues read. These are the first two FAIR principles."
        ),
    ),
    SingleChoice(
        title="A name for a file",
        stem="Which file name will serve a colleague best in five years' time?",
        options=(
            Option(
                id="a",
                text="`final_NEW2_really.csv`",
                feedback="Which one was before it, and final for what?",
            ),
            Option(id="b", text="`2026-03-14_survey-wave2_raw_v01.csv`"),
            Option(
                id="c",
                text="`data (copy).xlsx`",
                feedback="A copy of which data, made when?",
            ),
            Option(
                id="d",
                text="`Survey 14/3 Ana's part.csv`",
                feedback="A slash ends a folder's name, and 14/3 does not say which year.",
            ),
        ),
        key="b",
        rationale=(
            "Date first and in ISO order, so that sorting by name sorts by time; then what it is, "
            "in which state, which version; no spaces and nothing that a system treats specially."
        ),
    ),
    SingleChoice(
        title="A reading of 999",
        stimulus=(
            "A sensor wrote 999 wherever it had no reading. You notice it in the raw file when a "
            "mean temperature comes out at 140 degrees."
        ),
        stem="What do you do?",
        options=(
            Option(
                id="a",
                text="Delete the rows with 999 from the raw file",
                feedback="Nobody could check later what was removed, or whether it was right.",
            ),
            Option(
                id="b",
                text="Replace 999 by the mean of the other readings, in the raw file",
                feedback="Invented readings in the raw file cannot be told from real ones.",
            ),
            Option(
                id="c",
                text="Leave all as it is and mention it in the article",
                feedback="The mean would still be wrong for everybody who computes it.",
            ),
            Option(
                id="d",
                text="Keep the raw file; treat 999 as missing in a script, and document that",
            ),
        ),
        key="d",
        rationale=(
            "Raw data stay as they came. Every change is a step of a script that others can read, "
            "run and disagree with, and the code book says that 999 meant *no reading*."
        ),
    ),
    SingleChoice(
        title="Names replaced by codes",
        stimulus=(
            "In a set of interviews every name was replaced by a code. The list that tells which "
            "code is whose lies in a locked drawer of the department."
        ),
        stem="What are these data, in the words of the GDPR?",
        options=(
            Option(id="a", text="Pseudonymised, and still personal data"),
            Option(
                id="b",
                text="Anonymous, since the file contains no names",
                feedback="With the list, or with what people told, they can be known again.",
            ),
            Option(
                id="c",
                text="Anonymous, as long as the drawer stays locked",
                feedback="A lock protects the key. It does not make the data anonymous.",
            ),
            Option(
                id="d",
                text="Public, since the participants agreed to the study",
                feedback="Consent to take part is not consent to publish.",
            ),
        ),
        key="a",
        rationale=(
            "Whoever holds the additional information can attribute the data to a person (GDPR, "
            "Article 4(5)). So the rules for personal data apply, to the interviews and the list."
        ),
    ),
    SingleChoice(
        title="Fire, and a mistake",
        stimulus=(
            "On Monday somebody deletes a folder by mistake; nobody notices. On Tuesday a fire "
            "destroys the laboratory with all its computers."
        ),
        stem="Which arrangement brings the folder back?",
        options=(
            Option(
                id="a",
                text="Two mirrored disks in the laboratory's server",
                feedback="Both had lost the folder on Monday, and both burnt on Tuesday.",
            ),
            Option(
                id="b",
                text="A cloud folder that mirrors every change within seconds",
                feedback="It survived the fire, but mirrored the deletion.",
            ),
            Option(
                id="c",
                text="Nightly copies, each kept for 90 days, in another building",
            ),
            Option(
                id="d",
                text="A weekly copy on a drive beside the server",
                feedback="It knew the folder, but burnt with the rest.",
            ),
        ),
        key="c",
        rationale=(
            "A backup must be somewhere else *and* remember the past. Mirroring does neither; a "
            "rule of thumb is three copies, on two kinds of media, one of them elsewhere."
        ),
    ),
)
