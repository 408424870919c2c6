"""Given names that are frequent in many countries: a column that is full of them names people."""

from __future__ import annotations

GIVEN_NAMES: frozenset[str] = frozenset(
    """
    aaron abdul abigail adam adrian agnes ahmed aisha alan albert alejandro alex alexander alexandra alexis ali alice
    alicia allison amanda amber amelia amy ana anders andre andrea andreas andrew angela angelica anita ann anna anne
    annie anthony antonio arthur ashley astrid barbara beatrice ben benjamin bernard beth betty beverly bianca bill
    birgit bjorn bob bonnie brandon brenda brian bruce bruno camila carl carla carlos carmen carol caroline carolyn
    catherine cecilia charles charlotte cheryl chen chloe chris christian christina christine christoph christopher
    clara claire claudia craig cynthia daniel daniela danielle david deborah debra denise dennis diana diane diego
    dieter dmitri donald donna dorothy doris douglas edith edward eduardo elena eleanor elias elisa elizabeth ella
    ellen emily emma eric erik erika ernst esther ethan eugene eva evelyn fabian fatima felix fernando florence
    frances francesca francesco francis francisco frank frederick friedrich gabriel gareth gary george gerald gerhard
    giovanni giulia gloria grace gregory guillaume gunther gustav hannah hans harold harry hassan heather heidi heinz
    helen helena helga henri henrik henry herbert hiroshi howard hugo ian ibrahim ida ines ingrid irene isabel
    isabella ivan jack jacob jacqueline jakob james jan jane janet janice jason javier jean jeff jeffrey jennifer
    jeremy jerry jesse jessica jesus jim joan joao joe joel johan johann johannes john johnny jonathan jorge jose
    joseph joshua joyce juan judith judy julia julian julie juliette jurgen justin kai karen karin karl kate katharina
    katherine kathleen kathryn katrin keith kelly kenneth kenji kevin kim klaus kristen kristin kumar kurt kyle larry
    lars laura lauren lea leo leon leonard leonardo lena li liam lillian lina linda lisa lucas lucia lucy luigi luis
    luisa lukas madison magnus malik manuel marc marco marcos maria mariam marie marilyn mario marion mark markus
    marta martha martin mary maryam mateo matthew matthias max maximilian megan mehmet melissa michael michel
    michelle miguel mike mila mohamed mohammad mohammed monica monika muhammad nadia nancy natalia natalie nathan
    nicholas nicole niklas nikolai nils nina noah nora norma oliver olivia olga omar oscar otto pablo pamela paola
    patricia patrick paul paula pedro peter petra philip philipp phillip pierre priya rachel rafael rahul ralph
    ramona raymond rebecca reinhard renate ricardo richard rita robert roberto robin roger roland ronald rosa rose
    roy russell ruth ryan sabine sally sam samantha samuel sandra santiago sara sarah scott sean sebastian sergei
    sergio sharon shirley silvia simon sofia sophia sophie stefan stefano stephanie stephen steve steven susan
    susanne svetlana sven sylvia takashi tatiana teresa terry theodore theresa thomas tim timothy tina tobias todd
    tom tomas tony tracy tyler ulrich ursula valentina vanessa vera victor victoria vincent virginia vivian vladimir
    walter wanda wayne wei wendy werner wilhelm william willie wolfgang xavier yan yasmin yoko yuki yusuf yvonne
    zachary zoe zhang owen edwin emil elsie bertha alfred ernest maud nellie hilda
    """.split()  # noqa: SIM905  a list of words reads best as one
)
