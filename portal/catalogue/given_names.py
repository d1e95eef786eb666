"""Given names that are common in the United States and are no other word of clinical prose.

Left out on purpose: names that are also words (Grace, Mark, Iris), months (April), places (Charlotte, San Jose) or
eponyms of medicine (Addison, Wilson, Allen, Marie).
"""

GIVEN_NAMES = frozenset(
    """
    aaron abdul abdullah abigail abraham adam adriana agnes ahmed aisha alan albert alejandra alejandro alexandra
    alexis alfred alfredo ali alicia alisha alison alyssa amanda amelia amina amy ana andre andrea andrew angela
    angelica anita anthony antonia antonio arjun arthur arturo ashley audrey barbara beatrice beatriz benjamin
    bernard bernice bertha beth betty beverly bonnie brandon brenda brian brianna bridget brittany bruce bryan
    caitlin camila carla carlos carmen carol caroline carolyn catherine cathy cecilia cesar christina christine
    christopher cindy claire clara claudia connie craig cynthia damien daniel daniela danielle david deborah debra
    denise dennis derek deshawn diana diane diego dmitri dominic donald donna doris dorothea dorothy douglas duane
    dwayne earl edgar edith eduardo edward edwin eileen elaine eleanor elena elijah elizabeth ella ellen elsie emily
    emma enrique eric erica erika ernest esperanza esther ethan ethel eugene eva evan evelyn fatima felipe fernando
    fiona florencia frances francesca francis francisco fred frederick gabriel gabriela gary geoffrey george gerald
    gertrude gilbert gladys glenn gloria gonzalo gregory guadalupe guillermo gustavo hannah harold harriet harry
    hassan hector heidi helen henry herbert hiroshi howard hussein ibrahim ingrid irene isaac isabel isabella ivan
    jack jacob jacqueline james jamila jane janet janice jared jasmine jason javier jean jeff jeffrey jenna jennifer
    jenny jeremy jerome jerry jesse jessica jesus jill jim joan joann joanna joanne joel john johnny jonathan jorge
    jose joseph josephine joshua joyce juan juana juanita judith julia julian julie justin karen karina karl
    katherine kathleen kathryn kathy katie keisha keith kelsey kenneth kevin khadija kimberly kristen kristin
    krystal kumar kyle lakshmi larry latoya laura lauren lawrence leah leila leonard leroy leslie leticia liam
    lillian linda lisa lois lorena lorraine louise lucas lucia lucille lucy luis luisa luke lupe lydia lynn
    magdalena malik manuel marcela marcia marcos margaret maria mariana marianne maribel marilyn mario marisol
    marjorie marlene marta martha mary matthew maureen maurice megan mehmet melanie melissa melvin mercedes michael
    michele michelle miguel mike mildred miriam mohamed mohammad mohammed molly monica monique muhammad nadia nancy
    naomi natalia natalie natasha nathan nathaniel nguyen nicholas nicole nikhil noah nora norma olga olivia oscar
    osvaldo pablo pamela patricia patrick paul paula pauline pedro peggy peter philip phillip phyllis priscilla
    priya rachel rafael rajesh ralph ramon randy raquel raul raymond rebecca regina renee ricardo richard rita
    robert roberto rodney rodrigo roger ronald rosa rosalie rosemary ruben russell ruth ryan sabrina salvador
    samantha samuel sandra sanjay santiago sara sarah scott sean sebastian sergei sergio seth shannon sharon shaun
    shawn sheila shirley silvia simon sofia sonia sonya sophia sophie stacy stella stephanie stephen steve steven
    stuart sunita susan suzanne svetlana sylvia tamara tanya tara teresa terrence thelma theodore theresa tiffany
    timothy tina todd tomas tracy travis trevor tyrone valeria vanessa veronica vicente victor victoria vincent
    vladimir wanda wayne wendy william wilma xavier yesenia yolanda yusuf yvette yvonne zachary zoe
    """.split()
)
