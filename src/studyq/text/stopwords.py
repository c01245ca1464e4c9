"""Words that ask or connect but do not say what about, in the languages most PDFs here are in.

Own short lists: articles, pronouns, prepositions, conjunctions, auxiliaries and question words.
Rare meanings weigh more than completeness: a stop word left in a query costs little, a meaningful
word dropped costs the answer, so each list serves only queries guessed to be in its language.
"""

from collections.abc import Iterable

_LISTS = {
    "en": (
        "a about after all also an and any are as at be because been before being between both "
        "but by can could did do does doing during each for from had has have having he her here "
        "him his how i if in into is it its itself many me more most much my name no nor not of "
        "off often on one or other our out over own s she should so some such t than that the "
        "their them then there these they this those through to too under until up us very was we "
        "were what when where whether which while who whom whose why will with would you your"
    ),
    "de": (
        "aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei "
        "beim bin bis bist da damit dann das dass dem den denen der deren des dessen die dies "
        "diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er "
        "es etwas für gegen gibt hat hatte hatten habe haben hier hinter ich ihr ihre ihrem ihren "
        "ihrer im in indem ins ist ja jede jedem jeden jeder jedes kann können konnte konnten man "
        "mehr mit nach nachdem nicht noch nun nur ob oder ohne sehr sein seine seinem seinen "
        "seiner sich sie sind so sowie über um und uns unter viel viele vom von vor wann war "
        "waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werden "
        "wessen wie wieso wieviel wird wo wodurch wofür woher wohin womit woran worauf woraus "
        "worin worüber wovon wozu wurde wurden während zu zum zur zwischen"
    ),
    "fr": (
        "à ai ainsi alors au aucun aussi autre autres aux avait avec avoir c ce cela celle celles "
        "celui ces cet cette ceux chaque chez comme comment combien d dans de depuis des dont "
        "donc du elle elles en entre est et étaient était été être eu eux fait il ils j je jusqu "
        "l la le les leur leurs lors lorsque lui m mais même n ne ni non nos notre nous on ont où "
        "ou par parce pas pendant peut plus pour pourquoi qu quand que quel quelle quelles quels "
        "qui quoi s sa sans se selon ses si son sont sous sur t tous tout toute toutes très un "
        "une vers vos votre vous y"
    ),
    "es": (
        "a al algo alguna algunas alguno algunos ante antes aquel aquella aquellos así aun aunque "
        "cada como cómo con cuál cuáles cuando cuándo cuánta cuántas cuánto cuántos cual cuales "
        "de del desde donde dónde dos durante e el él ella ellas ellos en entre era eran es esa "
        "esas ese eso esos esta está están estaba estas este esto estos fue fueron ha había han "
        "hasta hay la las le les lo los más me mi mientras muy ni no nos o os otra otras otro "
        "otros para pero por porque qué que quién quiénes quien quienes se sea según ser si sin "
        "sino sobre son su sus también tan tanto tiene tienen todo todos tras tu un una unas uno "
        "unos y ya"
    ),
    "it": (
        "a ad ai al alla alle agli allo anche c che chi ci cioè come con cosa cui da dai dal "
        "dalla dalle dallo degli dei del della delle dello di dopo dove due e è ed era erano "
        "essere fra fu furono gli ha hanno i il in io l la le lei lo loro lui ma mentre mi molto "
        "ne né negli nei nel nella nelle nello noi non o ogni per perché più poi può prima qual "
        "quale quali quando quanta quante quanti quanto quel quella quelle quello questa queste "
        "questi questo se senza si sia sono sopra sotto stata stato su sua sue sui sul sulla "
        "sulle suo suoi tra tutti tutto un una uno"
    ),
    "pt": (
        "a à ao aos aquela aquele aqueles as às até com como da das de dela dele deles depois do "
        "dos e é ela elas ele eles em entre era eram essa essas esse esses esta está estão estas "
        "este estes eu foi foram há isso isto já lhe lhes mais mas me mesmo muito na nas não nem "
        "no nos nós o onde os ou para pela pelas pelo pelos por porque quais qual quando quanta "
        "quantas quanto quantos que quê quem se sem ser seu seus sob sobre são sua suas também te "
        "tem têm ter todo todos um uma umas uns você"
    ),
    "nl": (
        "aan al alle als andere bij daar dan dat de der deze die dit doen door dus een en er had "
        "hadden hebben heeft heel het hij hoe hoeveel hun iets ik in is ja je kan kunnen maar "
        "meer men met mijn na naar niet nog nu of om omdat onder ons ook op over te tegen tot "
        "tussen uit van veel voor waar waardoor waarin waarom waarop waren was wat we welk welke "
        "werd werden wie wij wordt worden zal ze zich zij zijn zo zonder zou"
    ),
    "ar": (
        "اذا الا التي الذي الذين اللذان الي ام ان انه اي ايه اين او بعد بعض بل بما بها به بين "
        "تلك ثم حتي حول حيث خلال ذلك ضد ضمن عند عندما علي علي عليه عليها عن غير في فيما فيه فيها "
        "قبل قد كان كانت كل كم كما كيف لا لدي لقد لكن لم لماذا له لها ليس ما ماذا مع من منذ منه "
        "منها متي متي نحو هذا هذه هل هم هو هي هناك و وفي وكان ولا ومن يكون تكون كانوا بواسطه اسم"
    ),
    "zh": "什么 哪个 哪些 哪里 哪一 哪种 谁 如何 怎么 怎样 多少 为什 为何 何时 的是",
}
STOP_WORDS = {language: frozenset(words.split()) for language, words in _LISTS.items()}


def guess_language(words: Iterable[str]) -> str | None:
    """Guess the language of a query by its stop words.

    Args:
        words: The query's words, lower case, in index form.

    Returns:
        The code of the list with most of the words ("en" first among equals); None when that is
        too little to tell: no word at all, or a single one that is not English ("war").
    """
    distinct = set(words)
    counts = {language: len(distinct & stop_words) for language, stop_words in STOP_WORDS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] >= (1 if best == "en" else 2) else None
