"""The English word lists and patterns of the answering code. Pure data.

A second language needs, besides a module like this one: function words and a stemmer (`index/chunking/words.py`), the
prompts with their worked examples (`answering/prompt.py`), patterns and examples of danger (`care.toml`), and probes
fitted to examples in that language (`measuring/fit.py`).

Words are in lower case and without apostrophes, as `index.chunking.words.split_words` gives them.
"""

from __future__ import annotations

import re
from fractions import Fraction

LANGUAGE = "en"
"""The code of the language; sentences are cut by its rules."""

# Questions

LINK_TO_EARLIER = re.compile(
    r"(?:and|but|or|so|then|also|why|how so|how come|what about|how about|what if|like what|for example|such as"
    r"|really|go on|more|which ones?|any|ok|okay|sure|explain|tell me more)\b"
)
"""How a question opens that goes on from the previous one."""

POINTING_WORDS = frozenset(
    "it that this those these they them there one ones then instead else same either both".split()
)
"""Words that point back to something said before."""

QUESTION_WORDS = frozenset("what who whose where when which".split())
"""Words that open a question which can stand alone."""

# Questions about the guide itself

LABELS_OF_SECTIONS = "section chapter part topic heading subject area"
LABELS_OF_QUESTIONS = "question faq q"
LABELS_OF_STEPS = "step point item stage instruction number"
LABELS_OF_BULLETS = "point item bullet"
LABELS_OF_ROWS = "row entry line item"
LABELS_OF_PARAGRAPHS = "paragraph"
LABELS_OF_NUMBERS = "number"
GENERIC_LABELS = "point item number line row entry bullet part topic subject area heading"
"""What people call the items of a series, besides what the guide calls them. A number is one item; generic labels are
used for anything."""

EVERY = ("every", "each")
"""Words before a label in the singular that mean all items."""

_NUMBER_WORDS = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NUMBER = rf"(?P<number>{_NUMBER_WORDS})"
_MARK = r"\d{1,3}(?:\.\d{1,3})+|(?:[b-h]|a(?=\W*$))(?![\w'’])"
_NO_UNIT = r"each|every|any|which|that|this|the|all|these|those"
_NO_QUANTITY = r"(?! ?(?:[%°€£$:]|\d|[-–]\s?\d))"
_ORDINAL = r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d{1,2}(?:st|nd|rd|th)"
_TEXT = r"(?:guide|article|manual|handbook|booklet|book|brochure|leaflet|document|page|text|list|paper|faq)"
_POLITE = (
    r"(?:please(?: to)?|pls|plz|(?:can|could|would|will) you|kindly|just|ok|okay|hi|hello|now|and|so"
    r"|i (?:want|need) you to)"
)

NUMBERED_ITEM = re.compile(
    rf"\b(?P<unit>(?!(?:{_ORDINAL}|{_NO_UNIT})\b)[a-z]{{3,}}) "
    rf"(?:no\.? |number |nr\.? |# ?)?(?:(?P<mark>{_MARK})|{_NUMBER}\b{_NO_QUANTITY})",
    re.I,
)
"""How an item is named by its number or mark ("step 4", "rule number five", "section 2.1", "rule d")."""

NUMBERED_ITEMS = re.compile(
    rf"\b(?P<unit>[a-z]{{2,}}s) {_NUMBER}\s?(?P<link>to|through|until|till|and|&|-|–)\s?"
    rf"(?P<last>{_NUMBER_WORDS})\b{_NO_QUANTITY}",
    re.I,
)
"""The same for several items ("steps 2 to 4", "rules 1 and 3")."""

ITEMS_AND = ("and", "&")
"""What stands between two numbers if the numbers between them are not meant."""

COUNTED_ITEMS = re.compile(rf"\b(?P<end>first|last) {_NUMBER} (?P<unit>[a-z]{{2,}}s)\b", re.I)
"""The same for the first or the last few ("the last two steps")."""

ORDINAL = re.compile(rf"\b(?:the|is|was|comes|came) (?P<ordinal>{_ORDINAL})\b", re.I)
"""A place in a series, asked for without naming the items ("and the second?", "which comes last?")."""

ORDINAL_ITEM = re.compile(rf"\b(?P<ordinal>{_ORDINAL}) (?P<unit>[a-z]{{3,}})\b", re.I)
"""How an item is named by an ordinal ("the third tip", "the last step")."""

PLACED_ITEM = re.compile(
    rf"\b(?:is|stands|comes|named|listed|mentioned|given|written) (?P<ordinal>{_ORDINAL})\b(?P<unit>)", re.I
)
"""The same for an item without a label ("what is named first in ...")."""

ORDINAL_PLACES = {word: place for place, word in enumerate(_ORDINAL.split("|")[:10], 1)} | {"last": -1}
"""Ordinal -> place in a series, from 1; -1 is the last."""

ASKS_FOR_ITEM = re.compile(
    r"^(?:[\w ,']{0,20}\b)?"
    r"(?:what(?:['’]?s| is| was| are| does| do)?|which|all|everything|show|read|give|tell|explain|repeat|quote)\b",
    re.I,
)
"""How a question opens that may ask for a whole item."""

OPENS_WITH_ITEM = re.compile(
    rf"^(?:{_POLITE}[, ]+)*(?:(?:what|which|who)(?:['’]?s| is| was| are| does| do)?|show|read|give|tell|explain|repeat"
    r"|quote)?(?: (?:me|us))?(?: about)? ?(?:the )?$",
    re.I,
)
"""All that may stand before an item that is asked for, if nothing in the guide has its label."""

ASKS_FOR_LIST = re.compile(
    rf"^(?:{_POLITE}[, ]+)*(?:list|name|enumerate|write down"
    r"|(?:show|give|tell|send|read)(?: me| us)?(?: (?:a|the) list of| all| the| every)"
    r"|i(?:['’]d like| want| need)(?: to (?:see|have|know))? (?:a|the) list of"
    r"|what are (?:all )?the|which are the|what (?:are|were) all)\b",
    re.I,
)
"""How a question asks for a list."""

ASKS_FOR_ALL = re.compile(
    r"\b(?:(?:complete|full|whole) list|all (?:of )?(?:the |what )?(?:[\w-]+ ){0,2}[\w-]+|every(?:one|body|thing)?)\b",
    re.I,
)
"""How it says that the whole list is wanted ("all steps", "every fee")."""

ASKS_WHICH = re.compile(
    rf"\b(?:what|wh?ich) (?:{'|'.join(LABELS_OF_SECTIONS.split())}|question|tip|step|rule)s\b"
    r"|\b(?:what|wh?ich) (?:[\w-]+ ){1,3}(?:(?:are|is) there|there are|are in|are given|are listed|are named"
    r"|(?:do|does) (?:it|this|you|they|readers|people|we|(?:this|the) \w+) (?:\w+ )?"
    r"(?:have(?! to\b)|list|name|give|cover|contain|describe|answer|ask|send|sending))\b",
    re.I,
)
"""The same for a question that opens with the name of the items ("which sections are there")."""

ELABORATION = re.compile(
    r"[,;]? (?:with (?:its|their|the)?|and (?:what|which|how|who|when|where|for what|what's))\b.*$", re.I
)
"""What a request adds about the items ("... and what they cost"): whole items are shown anyway."""

ASKS_HOW_MANY = re.compile(
    r"\bhow many (?P<counted>[\w -]{3,80}?)"
    r"(?= (?:am|are|is|was|were|do|does|did|can|could|should|will|would|may|must|have|has|there|in|on|at|for|to|per"
    r"|and|or)\b|[^\w -]|$)",
    re.I,
)
"""How a question asks for the number of items, and what is counted."""

ASKS_FOR_NEIGHBOUR = re.compile(
    r"\b(?:what|who|which \w+)(?:['’]s| is| do i do| should i do| happens)?"
    r"(?P<comes> comes?| is coming| follows?| goes| is next| next)*"
    r"(?: (?:next|right|directly|straight|just|immediately))*"
    r" (?P<where>after|before|follows|following|precedes)\b(?P<known>.+)",
    re.I,
)
"""How a question asks for what stands after or before something in a series."""

ASKS_FOR_NEXT = re.compile(
    r"\b(?:what|which)\b[\w ’']*\b(?:next|(?P<where>after|before) (?:this|that|it))\b"
    r"|^(?:ok|and|so|[ ,])*\b(?:then|the (?:next|following|(?:one )?(?P<other>before|previous))(?: one)?)\W*$",
    re.I,
)
"""How it asks for what comes after what was said in the previous sentence."""

BEFORE = frozenset(("before", "precedes", "previous"))
"""Words of such a question that ask for the item before."""

ASKS_FOR_SUMMARY = re.compile(r"\b(?:summari[sz]e|summary|sum up|recap|gist of|in (?:short|a nutshell|brief))\b", re.I)
"""How a question asks for a summary of a section."""

ASKS_FOR_REASON = re.compile(r"\b(?:why|how come|what for|what(?:['’]?s| is| was) the (?:reason|point))\b", re.I)
"""How a question asks for a reason."""

GIVES_REASON = re.compile(
    r"\b(?:because|since|so that|so as to|due to|owing to|thanks to|otherwise|or else|in order to|reasons?|why|hence"
    r"|therefore|to (?:avoid|prevent|protect|keep|stop|save|ensure|reduce)|protects?|prevents?|avoids?|causes?|caused"
    r"|means|leads? to|lest|for fear|in case)\b|, (?:as|so|for|or) ",
    re.I,
)
"""How a sentence tells a reason or a purpose."""

ASKS_WHAT_ABOUT = re.compile(
    rf"\b(?:what(?:['’]?s| is) (?:(?:this|the) {_TEXT}|(?P<it>this|it))(?: all)? about"
    rf"|what does (?:this|the) {_TEXT} (?:cover|deal with|talk about|treat)"
    rf"|(?:summari[sz]e|sum up|summary of|overview of) (?:this|the) (?:(?:whole|entire|full) )?{_TEXT})"
    r"(?=\W*(?:$|,|and\b|please\b|for me\b))"
    rf"|\bwhom?(?:['’]?s| is| was| are)? (?:(?:this|the) {_TEXT}|(?P<them>this|it))"
    r"(?: (?:really|actually|mainly|best|meant|intended|written|aimed|made)\b)* (?:for|at|to)\b"
    r"(?=\W*(?:$|,|and\b|please\b))"
    rf"|\bfor whom? (?:is|was) (?:this|the) {_TEXT}\b",
    re.I,
)
"""How a question asks what the guide is about, or for whom it is; "this" and "it" may point to something else."""

REQUEST_WORDS = frozenset(
    """all answer articl begin book booklet brochur call can chapter come complet contain cover detail directli
    document each end enumer everi everybodi everyon everyth explain explan faq fifth first follow fourth full give
    given go guid handbook happen immedi includ kind know last leaflet like list main mani manual mean mention much
    name need next number order overview page paper part pl pleas plz quot read recap repeat right rule said say
    second section see send short show stand start step straight sum summari summaris tabl tell text there third
    titl under want whole write""".split()
)
"""Stems that questions about the guide itself are made of, whatever they ask about."""

# Several questions at once

_ASKING = r"(?:what|who|whom|whose|where|when|which|why|how)"
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|may|might|must|should|shall|will|would|has|have|had)(?:n['’]?t)?"
)
_PERSON = r"(?:i|we|you|he|she|it|they|one)"
_PREPOSITION = r"(?:(?:by|in|on|at|for|with|to|from|of|until|till|up to|under|after|before|about) )?"
_SUBJECT = rf"(?:{_PERSON}|there|the|an?|my|our|your|his|her|its|their|th(?:is|ese|at|ose)|any|some|\w+s)\b"
_TURNED = rf"{_PREPOSITION}{_ASKING} (?!{_PERSON}\b)(?:\w+ ){{0,3}}?{_AUXILIARY}\b"
_OPENING = rf"(?:{_PREPOSITION}{_ASKING}\b(?! (?:{_PERSON}|to)\b)|{_AUXILIARY} {_SUBJECT})"

ASKS_ELSE = re.compile(
    rf"^(?:{_POLITE}[,.!]? )*(?:{_AUXILIARY}\b(?! you\b)|(?:how(?! many\b)|when|where|why|whose|who(?! are\b))\b)", re.I
)
"""How a question opens that wants a yes or no, a place, a time or a way, not a list."""

OPENS_QUESTION = re.compile(rf"(?:^|[.!?;:,–—-] ?)(?:{_POLITE}[,.!]? )*(?:{_PREPOSITION}{_ASKING}\b|{_OPENING})", re.I)
"""How a question opens, at the start of a clause: with a question word, or with an auxiliary and its subject."""

WHOLE_QUESTION = re.compile(
    rf"(?:^|[.!?;:,–—-] ?)(?:{_POLITE}[,.!]? )*{_PREPOSITION}"
    rf"(?:(?!when\b){_ASKING}\b(?! (?:{_PERSON}|to|if)\b)|when {_AUXILIARY}\b|{_AUXILIARY} {_SUBJECT})",
    re.I,
)
"""How a question opens, but not the clause before a question ("When it rains, ...")."""

PLEASANTRY = re.compile(
    r"(?:(?:hi|hello|hey|dear all|good (?:morning|day|afternoon|evening)|excuse me)(?: there| all| everyone)?"
    r"|(?:many )?thanks?(?: you)?(?: (?:very|so) much| a lot| all)?(?: in advance| for (?:your|the|any) help)?"
    r"|thx|cheers|please|(?:(?:kind|best|warm) )?regards|bye|how are (?:you|things)(?: today)?"
    r"|(?:can|could|would) (?:you|anyone|someone|somebody) (?:please )?help(?: me| us)?(?: please| out)?"
    r"|(?:can|could|may) i (?:please )?ask(?: you)?(?: something| a (?:quick )?question| a few questions)?"
    r"|\W)+",
    re.I,
)
"""What people say around a question out of politeness."""

JOINS_QUESTION = re.compile(r"^(?:(?:and|but|or|so|also|then)\b,? *)+", re.I)
"""What joins a question to the one before it."""

NEXT_QUESTION = re.compile(
    rf"(?:[,;] *(?:and|but)(?: also| then)?|[;/]|[,;] also) *(?={_OPENING})"
    rf"|,? and(?: also)? (?={_TURNED}|(?:which|whose) \w+|(?!do|did){_AUXILIARY} there\b|{_AUXILIARY} {_PERSON}\b)"
    rf"|(?P<comma>, *)(?={_OPENING})",
    re.I,
)
"""Where a question ends and the next begins in the same sentence ("..., and how ...?"), perhaps at a comma alone."""

JOINS_CODES = re.compile(r"\s*(?:[,/&]|,?\s+(?:and|or)\b)\s*", re.I)
"""What stands between two codes of a list."""

OPENS_RANGE = re.compile(r"\bbetween\s+(?:\w+\s+){0,2}$", re.I)
"""What stands before two codes that are not asked about one by one."""

ASKED_TOGETHER = re.compile(
    r"\b(?:together|both|each other|the same|swap(?:ped)?|exchanged?|at once|combined?|mix(?:ed)?)\b", re.I
)
"""Words that ask about several codes at a time ("can I take B6 and B12 together?")."""

# Sentences of a draft and their evidence

YES_OR_NO = ("yes", "no")
"""Words that open the answer to a question; a small model copies them from such an answer."""

NEGATIONS = frozenset(
    """no not never none nobody nothing neither nor without cannot cant dont doesnt didnt isnt arent wasnt werent wont
    wouldnt shouldnt couldnt mustnt neednt hasnt havent hadnt avoid refrain stop unless""".split()
)
"""Words that negate a statement; without apostrophes."""

TURNING_WORDS = NEGATIONS | frozenset(
    """if when while until till once before after during since whether although though but except only instead rather
    than all any each every both either some few many most more less least much several enough may might can could
    should must ought need would shall and or because so therefore always often sometimes usually up down in out on off
    over under above below same other too again first last""".split()
)
"""Function words and the like that change the meaning when they are dropped, added or replaced."""

CONTRAST = re.compile(r"\b(?:instead of|rather than)\b", re.I)
"""What sets one thing against another. A small model makes this out of "Instead, ..."."""

JOINING_WORDS = frozenset(("and", "while", "once"))
"""Those of `TURNING_WORDS` that may join two sentences and change neither."""

LIMITING_WORDS = frozenset(
    """if unless only except until till when while once before after without but provided although though whether not
    never no nor least most""".split()
)
"""Words of a condition or an exception: what stands before them does not hold without them."""

ABSOLUTE_WORDS = frozenset(
    "always never only all every everyone everybody nobody must guarantee guarantees certainly".split()
)
"""Words that make a claim absolute; the guide must use them too."""

WEIGHING_WORDS = frozenset(("instead", "rather"))
"""Words that put one thing above another; the guide must do so too, or negate one."""

AUTHORITIES = frozenset(
    """study studies research researcher researchers science scientist scientists expert experts survey surveys
    statistics percent""".split()
)
"""Authorities that a small model tends to invoke; the guide must invoke them too."""

# Quantities

_ONES = "zero one two three four five six seven eight nine ten eleven twelve".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
NUMBERS = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: number for number, word in enumerate(_TEENS, 13)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    "twice": 2,
    "dozen": 12,
}
"""Number word -> value."""

PLURALS = frozenset("people children men women feet teeth mice geese sheep fish".split())
"""Plurals that do not end with "s"."""

TIMES = {"twice": "times"}
"""Number word -> what it counts."""

ORDINALS = {word: n for n, word in enumerate("third fourth fifth sixth seventh eighth ninth tenth".split(), 3)}
"""Word -> place in an order; "first" and "second" mean other things too."""

SHARES = {"half": Fraction(1, 2), "quarter": Fraction(1, 4)}
"""Word -> part of a unit."""

SIGNS = ("minus",)
"""Words that make a number negative."""

MULTIPLES = {"hundred": 100, "k": 1000, "thousand": 1000, "million": 10**6, "billion": 10**9}
"""Word behind a number -> what it multiplies by."""

MULTIPLES_OF_MONEY = {"m": 10**6, "bn": 10**9}
"""The same behind a sum of money ("£2m")."""

CURRENCIES = {
    **dict.fromkeys(("€", "euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("£", "pound sterling", "gbp"), "GBP"),
    **dict.fromkeys(("$", "dollar", "dollars", "usd"), "USD"),
    **dict.fromkeys(("¥", "yen"), "JPY"),
    **dict.fromkeys(("franc", "francs", "chf"), "CHF"),
    **dict.fromkeys(("cent", "cents"), "cents"),
    **dict.fromkeys(("penny", "pence"), "pence"),
}
"""Sign or name of a currency -> its code."""


def _name(unit: str, size: Fraction | int, names: str) -> dict[str, tuple[str, Fraction]]:
    return {name: (unit, Fraction(size)) for name in names.split()}


UNITS: dict[str, tuple[str, Fraction]] = {
    **_name("time", 1, "s sec secs second seconds"),
    **_name("time", 60, "min mins minute minutes"),
    **_name("time", 3600, "h hr hrs hour hours"),
    **_name("time", 86_400, "day days"),
    **_name("time", 604_800, "week weeks wk wks fortnight"),
    **_name("months", 1, "month months"),
    **_name("months", 12, "year years yr yrs yo"),
    **_name("length", Fraction(1, 1000), "mm millimetre millimetres millimeter millimeters"),
    **_name("length", Fraction(1, 100), "cm centimetre centimetres centimeter centimeters"),
    **_name("length", 1, "m metre metres meter meters"),
    **_name("length", 1000, "km kilometre kilometres kilometer kilometers"),
    **_name("inches", 1, "inch inches"),
    **_name("inches", 12, "foot feet ft"),
    **_name("inches", 36, "yard yards yd yds"),
    **_name("miles", 1, "mile miles"),
    **_name("mass", Fraction(1, 10**6), "mcg µg μg microgram micrograms"),
    **_name("mass", Fraction(1, 1000), "mg milligram milligrams"),
    **_name("mass", 1, "g gram grams gramme grammes"),
    **_name("mass", 1000, "kg kgs kilo kilos kilogram kilograms"),
    **_name("pounds", 1, "lb lbs"),
    **_name("pounds", Fraction(1, 16), "oz ounce ounces"),
    **_name("pounds", 14, "stone"),
    **_name("volume", Fraction(1, 1000), "ml millilitre millilitres milliliter milliliters"),
    **_name("volume", 1, "l litre litres liter liters"),
    **_name("spoons", 1, "tsp teaspoon teaspoons"),
    **_name("spoons", 3, "tbsp tablespoon tablespoons"),
    **_name("cups", 1, "cup cups"),
    **_name("pints", 1, "pint pints"),
    **_name("pints", 8, "gallon gallons"),
    **_name("percent", 1, "% percent"),
    **_name("", 1, "degree degrees"),
    "C": ("celsius", Fraction(1)),
    "F": ("fahrenheit", Fraction(1)),
    **_name("celsius", 1, "celsius"),
    **_name("fahrenheit", 1, "fahrenheit"),
    **_name("power", 1, "watt watts"),
    **_name("power", 1000, "kw kilowatt kilowatts"),
    **_name("voltage", 1, "volt volts"),
    **_name("bytes", 1, "byte bytes"),
    **_name("bytes", 10**3, "kb kilobyte kilobytes"),
    **_name("bytes", 10**6, "mb megabyte megabytes"),
    **_name("bytes", 10**9, "gb gigabyte gigabytes"),
    **_name("bytes", 10**12, "tb terabyte terabytes"),
    **_name("bits", 10**6, "mbit megabit megabits"),
    **_name("bits", 10**9, "gbit gigabit gigabits"),
}
"""Name of a unit -> what it measures, and its size in the base unit."""

UNIT_OPENINGS = frozenset("of - ° degree degrees more full".split())
"""What may stand between a number and its unit ("5 °C", "3 degrees Celsius")."""

SHARE_OPENINGS = frozenset(("a", "an"))
"""The same after a share ("half an hour"); "twice a day" is no number of days."""

BEHIND_NUMBERS = frozenset(map(str.casefold, UNITS)) | frozenset("am pm st nd rd th v w".split())
"""What stands directly after a number that is a quantity, a time or a place ("10km", "8pm", "2nd"), in lower case."""

BOUNDS = {
    r"(?:no|not|never|nowhere) (?:less|fewer|earlier) than": "least",
    r"(?:no|not|never|nowhere) (?:more|later|longer|greater) than": "most",
    r"(?:at least|minimum(?: of)?|more than|over|above|upwards of)": "least",
    r"(?:at most|up to|maximum(?: of)?|less than|fewer than|under|below|within)": "most",
}
"""Pattern of words before a quantity -> whether it is the least or the most."""

LIMITS_BEFORE = {
    re.compile(rf"(?:^| )(?:{words})(?: (?:the|an?|about|ages?|of|is|and|including|:|€|£|\$))*$"): limit
    for words, limit in {
        "(?:no|not|never) (?:less|fewer|earlier|younger|shorter) than": ("least", True),
        "(?:no|not|never) (?:more|later|longer|greater|older|heavier) than": ("most", True),
        "(?:more|longer|later|older|heavier|bigger|larger|greater|further) than|over|above|beyond|after|past": (
            "least",
            False,
        ),
        r"at least|min(?:imum)?(?: \w+)?|from|upwards of|since": ("least", True),
        "(?:less|fewer|younger|shorter|lighter|smaller|sooner|earlier) than|under|below|before": ("most", False),
        r"at most|up to|max(?:imum)?(?: \w+)?|within|until|till": ("most", True),
    }.items()
}
"""Pattern of words before a number that is a limit -> whether it is the least or the most, and whether the number
itself is included."""

LIMITS_AFTER = {
    re.compile(rf"(?:\w+ )?(?:(?:or|and|&) (?:{words})\b)"): limit
    for words, limit in {
        "more|over|older|above|longer|later|upwards?|larger|bigger|heavier|further": ("least", True),
        "less|fewer|under|younger|below|shorter|sooner|earlier|smaller|lighter": ("most", True),
    }.items()
} | {
    re.compile(r"\+|plus\b|min(?:imum)?\b"): ("least", True),
    re.compile(r"max(?:imum)?\b"): ("most", True),
}
"""The same for words after a number."""

LIMIT_LINKS = frozenset({"and", "but", ",", ", but"})
"""What stands between two limits of one range ("over 5 and under 16"), with the word of the second."""

RANGE_LINKS = frozenset({"-", "–", "−", "to", "till", "until", "through"})
"""What stands between the ends of a range..."""

RANGE_OPENINGS = frozenset({"between", "both"})
"""...and before them, if "and" stands between."""

PLURAL_AGE = re.compile(r"\b(under|over)[- ](\d+)['’]?s\b", re.IGNORECASE)
"""People of an age ("under-16s"); groups: limit, age."""

OPENS_AGE = re.compile(
    r"(?:\b(?:i['’]?m|i am|you['’]?re|he['’]?s|she['’]?s|they['’]?re|(?!it|that|there|what|here)[a-z]+['’]s"
    r"|(?<!it )(?<!that )(?<!there )(?:is|are)|aged?|turn(?:s|ing|ed)?)"
    r"(?: (?:only|just|nearly|almost|about|already|now))?|\()$",
    re.IGNORECASE,
)
"""What stands before an age in what people tell ("my son is 9", "I'm 71", "my boy (7)")."""

OF_AN_AGE = frozenset(
    """adult adults age aged ages baby babies boy boys child children girl girls infant infants junior juniors kid kids
    man men people person pupil pupils senior seniors student students teen teens toddler toddlers woman women youth
    youths""".split()
)
"""Words right before an age ("children 5 to 15"); any other word there has a number of its own ("rooms 5 to 15")."""

WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun daily".split()
)
"""Labels of hours, even if these are told without minutes ("Tuesday: 10 to 18")."""

RATES = ("per", "a", "an", "each", "every", "/")
"""What stands between a quantity and what it is counted per."""

TELLING_APART = frozenset("with without before after under over off on in out up down not no".split())
"""Function words that tell two quantities apart."""

SEGMENT_ENDS = frozenset(", ; : ( ) and but or while whereas".split())
"""What ends the part of a sentence in which words belong to a number."""

EXAMPLE = re.compile(
    r"\b(?:such as|like|for example|for instance|e\.g\.|including|whether)\b,?(?P<example>[^;:.]*)", re.I
)
"""An example inside a sentence."""

NAME = re.compile(r"\b\w*[A-Z]\w*[A-Z]\w*\b|(?<=[a-z,;] )(?!I\b)[A-Z]\w+")
"""Capitals inside a word, or a capital inside a sentence."""

QUOTATION = re.compile(r"[“\"]([^”\"]{3,})[”\"]")
"""Text between quotation marks."""

# Sentences of the guide

TEMPLATE_TOKEN = re.compile(r"<\|\w+\|>|</?s>|\[/?inst\]|<<sys>>", re.IGNORECASE)
"""A token of a chat template, which no text for readers holds."""

ORDERS = re.compile(
    r"\bsystem (?:note|prompt|message):"
    r"|\b(?:instructions?|note|order) (?:to|for) (?:the |an? |any )?(?:ai|assistant|chatbot|language model|llm)\b",
    re.IGNORECASE,
)
"""Text that addresses a model instead of a reader."""

IMPERATIVES = frozenset(
    """accept acknowledge act adapt add address adjust admit agree aim allow allocate answer apologise apologize
    appreciate approach arrange ask assess attach attend avoid bake balance be become begin believe blend boil book
    bring browse brush build buy call carry catch celebrate change check choose clean clear close collect combine come
    communicate compare complete confirm connect consider consult contact continue cook cool cover create cultivate cut
    dedicate define demonstrate describe designate develop dip discuss divide do dont double draw drain drink drive drop
    dry dust eat embrace empathise empathize encourage engage enjoy ensure establish evaluate examine explain explore
    express feed feel fill find finish fit fix flip focus fold follow forgive form foster freeze gather get give go
    grab grease greet grow guide handle hang have heat help hold honor honour identify ignore improve include increase
    initiate insert inspect install invest invite involve join keep knead know label lay lead learn leave let lift limit
    line list listen load lock look loosen lower maintain make manage mark measure meet melt mention mix monitor mount
    move never note notice nurture observe offer oil open organise organize paint participate pat pause pay perform pick
    place plan plant play plug point polish pour practice practise praise prepare press prevent prioritise prioritize
    protect provide prune pull purchase push put raise reach read recall recognise recognize record reduce reflect
    refrain refresh regularly reinforce relax release remember remind remove repair repeat replace reply reserve respect
    respond rest restart return review reward rinse roll rotate rub run save say scatter schedule score scrape scrub
    seal search season seek select send separate serve set settle shake shape share sharpen show shut sieve simplify sit
    skip slice slide slow smile soak soften solve sort speak spend split spray spread sprinkle stack stand start state
    stay step stick stir stop store stretch strive strengthen suggest support surprise swap sweep switch take talk taste
    tell test thank think throw tie tighten tip top touch track train transfer treat trim trust try tuck turn twist
    understand undo unplug update use validate value visit wait walk warm wash watch water weigh welcome wet whisk
    widen wipe work wrap write""".split()
)
"""Verbs that open a sentence which tells someone to do something."""

NOT_AFTER_IMPERATIVE = frozenset(
    "is are was were can could will would has have had may might should must does do helps makes means and of".split()
)
"""What follows the first word if that is a noun after all ("Water is ...", "Trust and ...")."""

LINK_WORD = re.compile(
    r"(?:\d{1,3}[.)]\s+)?(?:(?:next|then|first|second|third|finally|lastly|last but not least"
    r"|instead(?! of)|also|additionally|afterwards|after that|now|so|remember|in addition|for example|please"
    r"|to (?:start|begin)(?: with)?"
    r"|always|simply|just),?\s+)?(?=\S)",
    re.IGNORECASE,
)
"""What ties a sentence to the one before ("Next, ...", "Lastly, ...")."""

SPOKEN_LABEL = re.compile(r"^\w[\w ]{0,20}: ")
"""A label before a sentence ("Note: ...")."""

CONDITION_FIRST = re.compile(r"(?:to|when|if|once|before|after|while)\b[^,.;]{3,80},\s+", re.IGNORECASE)
"""A purpose or condition that opens a sentence ("To listen well, ...")."""

ANNOUNCEMENT = re.compile(
    r".*\blet(?:['’]s| us) (?:begin|dive|get|go|look|see|start|take)\b|(?:read on|keep reading)\b"
    r"|in this (?:article|book|chapter|guide|leaflet|page|section|text),? (?:I|we|you)(?:['’]ll| will)?\b",
    re.IGNORECASE,
)
"""A sentence that only says what comes next, or invites the reader to read on."""

BACK_REFERENCE = re.compile(
    r"(?:(?:and|but|so|or|also),? )?(?:"
    r"(?!th(?:is|ese) (?:article|book|document|guide|handbook|leaflet|manual|page|text)\b)"
    r"(?:this|these|those(?! (?:of|that|who|whose|with)\b)|they|such)\b"
    r"|it(?!['’]s \w+ (?:to|that|for|if|when)\b| \w+(?: \w+)? (?:to|that|for|if|when)\b)\b"
    r"|in (?:either|that|such|both) cases?\b|if (?:so|not),"
    r"|(?:after|before|besides|by|during|for|from|in|instead of|on|with|without|if|when|once|unless) "
    r"(?:th(?:is|at|ese)(?! (?:article|book|document|guide|handbook|leaflet|manual|page|text)\b)|them)\b"
    r"|[^,.;:]{0,40}?\b(?:this|these|those|so)(?=,| is\b| are\b))",
    re.IGNORECASE,
)
"""A sentence that begins by pointing to the one before ("This way, ...", "To achieve this, ...", "It dries ...")."""

OPENING_CLAUSE = re.compile(r"(?:(?:in order )?to|if|when|since|because|as)\b[^,.;:]{3,160},\s+(?=\w)", re.IGNORECASE)
"""A purpose, condition or cause that opens a sentence ("To listen well, ...", "If she cries, ...")."""

DANGLING = re.compile(r"\b(?:it|them|these|those)\b", re.IGNORECASE)
"""Words that cannot be understood without the sentence before."""

# Headings

NUMBERED_LABEL = re.compile(r"^(?:\w+ )?\d+\s?[:.)–—-]\s*")
"""The number of a heading ("Tip 1: ...")."""

FIRST_PERSON = frozenset("i me my mine myself we us our ours ourselves".split())
"""Words for whoever speaks."""

IN_FIRST_PERSON = {"your": "my", "yours": "mine", "yourself": "myself", "you": "I", "you're": "I'm", "you’re": "I’m"}
"""Second person -> first person."""

# Traps

OPPOSITES = (
    ("at least", "at most"), ("more than", "less than"), ("up to", "at least"), ("before", "after"), ("first", "last"),
    ("above", "below"), ("earlier", "later"), ("inside", "outside"), ("with", "without"), ("always", "never"),
    ("increase", "reduce"), ("allowed", "forbidden"),
)  # fmt: skip
"""Words that reverse a claim when one replaces the other."""

WIDENED = {
    "some": "all", "most": "all", "many": "all", "often": "always", "usually": "always", "sometimes": "always",
    "mostly": "always", "normally": "always", "a few": "all", "generally": "always",
}  # fmt: skip
"""A word of quantity -> the one that claims more."""

MODALITIES = {
    "may": "must", "can": "must", "must": "may", "should": "must", "might": "will", "could": "will",
    "need not": "may not", "have to": "may", "has to": "may",
}  # fmt: skip
"""A modal verb -> one that says something else."""

NEGATED = (
    (r"\bcan(?:not|['’]t)\b", "can"),
    (r"\b(do|does|did|is|are|was|were|must|could|should|would|has|have|need)n['’]t\b", r"\1"),
    (r"\b(do|does|did|is|are|was|were|must|may|can|could|should|will|would|has|have|need) not\b(?! only)", r"\1"),
    (r"\b(is|are|was|were|must|may|can|could|should|will|would)\b(?! not\b)", r"\1 not"),
    (r"\bnever\b", "always"),
    (r"\bno\b", "every"),
)
"""Pattern -> what turns a claim into its negation, or a negation into the claim."""

CONDITION = (
    r"(?<!even )\b(?:only )?(?:if|unless|when|whenever|(?<!at )once(?! (?:a|an|each|every|in|per)\b)|until|except"
    r"|provided|(?:as|so) long as|while|only (?:with|for|in|on|by|at|during|after|before|from|where|to))\b"
)
"""How a condition or an exception begins."""

EARLIER_CASE = r"\b(?:in (?:either|that|this|such|these|those|both) cases?\b|if (?:so|not),)"
"""How a sentence refers to a condition in the one before ("In either case, ...")."""

DUTIES = {
    **dict.fromkeys(("must", "shall"), "duty"),
    **dict.fromkeys(("should", "ought"), "advice"),
    **dict.fromkeys(("may", "can", "might", "could"), "right"),
    "need": "need",
}
"""Verb -> whether it says that something is a duty, advised, a right or a possibility, or needed."""

DUTY = re.compile(r"\b(?:ha(?:s|ve|d)(?: got)? to|(?:is|are|was|were) (?:required|obliged) to)\b", re.I)
NO_DUTY = re.compile(r"\b(?:do|does|did)(?: not|n['’]t) (?:have|need) to\b", re.I)
"""Other ways to say "must" and "need not"."""

DENIAL = re.compile(
    r"(?:(?:,|\bbut\b|\band\b)\s+(?:but |and )?not\b(?! only)|\b(?:rather than|instead of)\b)"
    r"(?P<denied>(?:(?!\bbut\b)[^,.;:])*)",
    re.I,
)
"""What a sentence sets something against ("..., not the office")."""

DENIED_ALIKE = re.compile(
    r"(?:^|[;,]\s)(?:but\s)?(?P<denied>[^;,]+?)\s(?:is|are|was|were|do|does|did|can|may|must|will|has|have|should)"
    r"(?:\snot|n['’]t)(?=[.;,!]|$)",
    re.I,
)
"""What a clause denies without repeating what the clause before says of something else ("...; the gym is not")."""

CAUSE = re.compile(
    r"^(?:because(?: of)?|due to|as a result of)\s(?P<cause_first>[^,]+),\s(?P<effect_last>.+)$"
    r"|^(?P<effect_first>.+?),?\s(?:because(?: of)?|due to|thanks to)\s(?P<cause_last>.+)$"
    r"|^(?P<cause_before>.+?)(?:,\sso\s(?!that)|[,;]\s(?:therefore|which is why|that is why|this is why)\s"
    r"|\s(?:leads? to|causes?|results? in)\s)(?P<effect_behind>.+)$",
    re.I,
)
"""A sentence that gives a cause and its effect."""

ALTERNATIVES = frozenset(("and", "or"))
"""What joins two things: both are meant, or one of them."""

COMPARISON = re.compile(
    rf"\b(?P<compared>more|less|fewer|(?!rather\b|other\b)[a-z]{{2,}}er)\b(?:\s+\S+){{0,4}}?\s+than\b"
    rf"(?!\s+(?:about\s+|an?\s+)?(?:\d|[€£$]|(?:{'|'.join((*NUMBERS, *SHARES))})\b))",
    re.I,
)
"""A comparison of two things, not of one with a number."""

SYNONYMS = {"each": "every", "till": "until"}
"""Small word -> another that says the same."""

CONTRACTIONS = {"cannot": "can", "cant": "can", "wont": "will"}
"""Contracted negation -> the verb in it, if that is not simply what stands before "nt"; without apostrophes."""

DENIED = re.compile(
    r"^(?:it is (?:a myth|not true|wrong|untrue) that|contrary to popular belief,"
    r"|(?:many people|some) (?:say|think|believe)(?: that)?|it is often (?:said|believed|thought) that)"
    r"\s+(?P<denied>[^,;:]+)",
    re.IGNORECASE,
)
"""A sentence that denies, or does not vouch for, what follows."""

ROLES = re.compile(
    r"(?:^|(?<=, ))(?P<one>(?:the|a|an|your) \w{3,})"
    r"(?P<verb>(?: (?!(?:and|or|of|in|on|at|for|to|from|with|by|than|as|is|are|was|were)\b)\w+){1,3} )"
    r"(?P<other>(?:the|a|an|your) \w{3,})(?=[.,;]| (?:of|in|on|at|for|to|if|when|before|after|within|by|with|and)\b)",
    re.IGNORECASE,
)
"""Two things with a verb between them."""
