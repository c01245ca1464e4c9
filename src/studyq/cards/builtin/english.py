"""What the built-in generator knows of English words. Own lists, from everyday use."""

from __future__ import annotations

import re

from studyq.text.stopwords import STOP_WORDS

#: Verbs, adverbs and adjectives that join or comment; no term goes over them.
_JOINING = """
another well regardless flow flows flowed rise rises fall falls join joins lie lies stand stands
sit sits leave leaves imagine drop drops reduce spend spends exert exerts arise arises emerge
emerges appear attend attends arrive arrives belong belongs buy sell earn earns eat eats drink
drinks sleep speak speaks listen watch wait win wins fail fails succeed enjoy enjoys fear hate
love grow gather gathers divide divides derive derives deal deals drive drives die dies save steal
throw travel remember forget manage manages encompass encompasses held kept left led met paid sat
stood rose fell flew wore bore broke ate drank fed fled hid hit hung lay lent lit rode rang sank
sang slept slid spoke stole swore swam taught tore woke wound sent bent dealt drove dug fought
forgot froze hurt knew laid lost meant read ran sold shook shot shut spent split spun stuck swept
thrown worn proper concerning able according across actually add added adding adds again against
ago agree allow allowed allowing allows almost alone along already although always among amount
appear appeared appears apply applied applies argue argued argues around ask asked asks away back
based become becomes became becoming begin began begins begun behind believe believed believes
below best better beyond bring brings brought build builds built calculate call called calls came
cause caused causes causing certain change changed changes changing choose chose chosen clear
clearly close come comes coming common commonly compare compared complete completely consider
considered considers consist consists contain contained containing contains continue continued
continues correct create created creates creating decide decided deep define defined defines
depend depends describe described describes despite determine determined determines develop
developed develops different difficult discuss discussed divided does done down due earlier early
easily easy either end ended ends enough entire especially even ever every exactly exist existed
exists expect expected explain explained explains express expressed face fact far few find finding
finds follow followed following follows form formed forms found full further gain gained gave
general generally get gets getting give given gives giving go goes going gone good got great
greater greatly grew grow growing grown grows half happen happened happens hard help helped helps
hence high higher highest highly hold holds however identify identified immediately important
include included includes including increase increased increases increasing indeed indicate
indicated indicates instead introduce introduced involve involved involves just keep keeps kept
kind know known knows large largely larger largest last late later lead leading leads learn
learned least led left less let lets like likely little live lived lives long longer look looked
looking looks lose lost lot low lower made main mainly major make makes making making matter may
mean means meant meet met might modern moreover mostly move moved moves moving must named namely
near nearly necessary need needed needs never nevertheless new next note noted notice now observe
observed occur occurred occurs old once open order original otherwise outside part particular
particularly past people per perhaps place placed play played plays point possible prefer present
previous previously primarily probably produce produced produces producing prove provide provided
provides providing put quickly quite range rather reach reached read real really receive received
recent recently refer referred refers regarding related relatively remain remained remains remove
removed replace replaced represent represented represents require required requires resulting
return returns right rise run runs said saw say says second see seem seemed seems seen send sent
serve served serves set sets several shall short show showed shown shows significant similar
similarly simple simply since single small smaller sometimes somewhat soon specific start started
starts state stated states stay still strong studied studies suggest suggested suggests support
supported sure take taken takes taking tell tells tend tended tends therefore thing think third
though thought thus together told took toward towards traditional tried true try trying turn
turned turns type typically unless unlike upon use used useful uses using usually various view
want wanted wants went whatever whenever whereas wherever whether whole widely wide within without
work worked working works worth would write writes written wrote yet young zero abandoned accepted
achieved acquired adopted affected aimed appointed approved arrived assigned associated assumed
attached attempted attended avoided awarded born carried chosen claimed combined composed
concluded conducted confirmed connected constructed contributed controlled converted covered
crossed declared declined defeated demanded designed destroyed detected directed discovered
distributed dominated drawn dropped elected eliminated employed encouraged engaged ensured entered
established estimated evaluated evolved examined exposed extended failed filled focused forced
founded fought granted helped hired ignored imposed improved influenced inspired installed
intended invented joined killed launched limited linked located maintained married measured
mentioned observed obtained offered opened operated opposed organized owned passed performed
permitted planned predicted prevented promoted proposed protected proved published purchased
raised reached realized recognized recorded reduced refused rejected released relied reported
required resolved respond responded restricted resulted revealed saved selected separated served
shared signed sold solved sought specified spent spread stopped stored struck suffered supplied
surrounded taught tested thrown trained transferred transmitted treated triggered understood
united varied visited voted won accept accepts achieve achieves act acts affect affects allow
assume assumes attempt avoid carry carries combine combines connect connects convert converts
cover covers demonstrate demonstrates differ differs display displays emphasize emphasizes enable
enables encourage encourages engage ensure ensures enter enters establish examine examines
experience extend extends feel feels fill focus focuses force generate generates handle handles
ignore improve improves influence influences inform interact interpret interprets lack lacks
maintain maintains measure measures obtain obtains offer offers operate operates perceive
perceives perform performs permit permits possess possesses predict predicts prevent prevents
promote promotes protect protects raise raises recognize recognizes reduce reduces reflect
reflects reject relate relates rely relies resemble resembles respond responds reveal reveals
select selects send sends separate separates share shares specify specifies store stores suffer
supply survive teach tells transfer transfers transform transforms treat treats trigger triggers
understand understands vary varies wear
"""
#: Nouns too general to be asked for on their own.
_BLAND = """
bits bit byte bytes front terms conjunction accordance favor favour native respect collection
january february march april may june july august september october november december monday
tuesday wednesday thursday friday saturday sunday spring summer autumn winter morning evening
night north south east west northern southern eastern western wife husband son daughter father
brother sister ability access account action activity activities addition advantage advantages age
aim amount analysis answer approach approaches area areas argument aspect aspects attempt
attention author authors background base basis beginning behavior behaviour belief benefit
benefits body book books bottom boy capacity case cases category cause causes center centre
century centuries chance change changes chapter character characteristic characteristics child
children choice choices circumstances claim class code column combination common comparison
component components concept concepts concern concerns conclusion condition conditions connection
consequence consequences content contents context contrast control conversation cost costs
countries country couple course data date day days decade decades decision definition degree
demand description design detail details development difference differences difficulty dimension
direction discussion distance document documents domain effect effects effort efforts element
elements end environment error errors event events evidence example examples exception existence
expectation experience experiences experiment explanation extent factor factors fashion feature
features feeling feelings field fields figure file files focus following food force form formation
forms foundation frame framework friend friends function functions future girl goal goals group
groups growth guide hand hands head help history home hour hours house human humans idea ideas
image impact importance improvement increase individual individuals influence information input
instance instances interest interests interpretation issue issues item items job key kind kinds
knowledge label labels lack language law laws layer length letter letters level levels life light
limit limits line lines link list lists location loss majority man manner manual material
materials matter meaning means measure measures member members men method methods mind minute
minutes model models moment money month months mother name names nation nations nature need needs
nothing notion number numbers object objects observation occasion one operation opinion
opportunity option options order organization others output outcome outcomes package page pages
paper paragraph parameter parent parents part participant participants parties parts party path
pattern patterns people percent period periods person persons perspective phase phenomenon phrase
picture piece place places plan point points policy position possibility power practice practices
presence present pressure principle principles problem problems procedure process processes
product production products program programs project projects properties property proportion
purpose purposes quality quantity question questions range rate rates ratio reaction reader
reality reason reasons record reference region regions relation relations relationship
relationships report reports requirement requirements research researcher researchers resource
resources response responses rest result results review right rights rise role roles room row rule
rules sample scale school science scientist scientists section sections sense sentence sequence
series service services set sets setting settings shape share side sides sign significance
similarity site situation situations size skill skills society software solution sort source
sources space species speed stage stages standard standards start state statement statements
states step steps story strategy strength string structure structures student students studies
study style subject subjects success summary support surface system systems table task tasks team
technique techniques technology tendency term terms test tests text theme theory thing things
thought thoughts thousand time times title today tool tools top topic total town tradition
training treatment trend trouble truth type types understanding unit units usage use user users
value values variable variables variation variety version versions view views volume way ways week
weeks whole woman women word words work worker workers works world year years note notes tip
chapter appendix introduction conclusion summary default argument arguments command commands line
option lot lots bit million billion hundred dozen half quarter third majority minority anything
everything something nothing anyone everyone someone nobody everybody somebody
"""
#: Adjectives that say little; a term does not begin with one.
_WEAK = """
good best better great common main simple similar different important two three four five six
seven eight nine ten hundred only actual maximum minimum various numerous certain many main own
early late recent prior unlikely likely possible dead alive additional adequate alternative
amazing appropriate available average aware basic big broad brief careful cheap central chief
closer complex comprehensive considerable consistent constant convenient critical crucial current
daily dangerous desired distinct effective efficient entire equal essential excellent existing
expensive extensive extra extreme familiar famous fast final fine first former free fundamental
given heavy huge ideal increasing inner interesting key known latter limited local minor multiple
natural nearby normal obvious numerous ordinary overall own particular perfect poor popular
positive potential powerful precise primary principal prominent proper rapid rare ready reasonable
regular relevant reliable remaining remarkable respective rich same satisfied secondary separate
serious sharp similar slow so-called special standard strange strict subsequent substantial
successful such sufficient suitable surprising tiny total typical unique unknown unusual usual
vast weak wrong underlying
"""

FUNCTION_WORDS = STOP_WORDS["en"] | frozenset(_JOINING.split())
BLAND = frozenset(_BLAND.split())
WEAK = frozenset(_WEAK.split())
_DETERMINERS_LIST = """
a an the this that these those its their his her each every some any no our your my
"""

_AUXILIARY_LIST = """
is are was were be been has have had does do did can could may might must shall should will would
became began came gave went got grew held kept knew led left lost met ran rose said saw sent spent
spoke stood took taught told thought won wore wrote fell felt fought found built brought bought
drew
"""
_JOINING_WORDS = frozenset(_JOINING.split())
#: Words that can be the verb of a sentence: with each base form its third person.
_VERBS = frozenset(_AUXILIARY_LIST.split()) | {
    form
    for base in _JOINING_WORDS
    for third in (f"{base}s", f"{base}es", f"{base[:-1]}ies")
    if third in _JOINING_WORDS
    for form in (base, third)
}
_PAST = re.compile(r"(?<!\ba )(?<!\ban )(?<!\bthe )(?<!\bof )(?<!\bby )(?<!, )\b\w{2,}ed\b")
_WITH_OBJECT = re.compile(r"\w{3,}s (?:the|an?|its|their|his|her|each|every|all|some|no|more)\b")


def has_verb(text: str) -> bool:
    """Whether an English sentence has a finite verb, as far as its words tell."""
    return (
        not _VERBS.isdisjoint(text.lower().split())
        or _PAST.search(text) is not None
        or _WITH_OBJECT.search(text) is not None
    )
