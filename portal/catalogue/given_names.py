"""Given names that are common in the United States and are no other word of clinical prose.

Left out on purpose: names that are also words (Grace, Mark, Iris), months (April), places (Charlotte, San Jose) or
eponyms of medicine (Addison, Wilson, Allen, Marie).
"""

GIVEN_NAMES = frozenset(
    """
    aaron abdul abdullah abigail abraham adam adriana agnes ahmad ahmed aisha akira alan albert alejandra alejandro
    alexandra alexis alfred alfredo ali alicia alisha alison alyssa amanda amelia amina amit amy ana andre andrea
    andrew angela angelica anil anita anjali anne annie anthony antonia antonio arjun arthur arturo ashley audrey
    ayesha barbara beatrice beatriz becca becky ben benjamin bernard bernice bertha beth betty beverly bob bonnie
    brandon brenda brian brianna bridget brittany bruce bryan caitlin camila carla carlos carmen carol caroline
    carolyn catherine cathy cecilia cesar christina christine christopher cindy claire clara claudia connie craig
    cynthia damien dan daniel daniela danielle dave david debbie deborah debra deepak denise dennis derek deshawn
    diana diane diego dmitri dominic donald donna doris dorothea dorothy douglas duane dwayne earl edgar edith
    eduardo edward edwin eileen elaine eleanor elena elijah elizabeth ella ellen elsie emily emma enrique eric erica
    erika ernest esperanza esther ethan ethel eugene eva evan evelyn fatima felipe fernando fiona florencia frances
    francesca francis francisco fred frederick gabriel gabriela gary geoffrey george gerald gertrude gilbert gladys
    glenn gloria gonzalo greg gregory guadalupe guillermo gustavo hannah harold harriet harry hassan hector heidi
    helen henry herbert hiroshi hoang howard hussain hussein ibrahim ingrid irene isaac isabel isabella ivan jack
    jacob jacqueline james jamila jane janet janice jared jasmine jason javier jean jeff jeffrey jenna jennifer
    jenny jeremy jerome jerry jesse jessica jesus jill jim joan joann joanna joanne joe joel john johnny jonathan
    jorge jose joseph josephine josh joshua joyce juan juana juanita judith julia julian julie justin karen karina
    karl kate katherine kathleen kathryn kathy katie keisha keith kelsey ken kenji kenneth kevin khadija kimberly
    kristen kristin krystal kumar kyle lakshmi larry latoya laura lauren lawrence layla leah leila leonard leroy
    leslie leticia liam lillian linda lisa liz lois lorena lorraine louise lucas lucia lucille lucy luis luisa luke
    lupe lydia lynn magdalena malik manuel marcela marcia marcos margaret maria mariam mariana marianne maribel
    marilyn mario marisol marjorie marlene marta martha mary matt matthew maureen maurice megan mehmet melanie
    melissa melvin mercedes michael michele michelle miguel mike mildred minh miriam mohamed mohammad mohammed molly
    monica monique muhammad nadia nancy naomi natalia natalie natasha nathan nathaniel neha nguyen nicholas nicole
    nikhil noah nora norma olga olivia omar oscar osvaldo pablo pamela patricia patrick paul paula pauline pedro
    peggy pete peter philip phillip phyllis pooja priscilla priya rachel rafael rahul rajesh ralph ramon randy
    raquel raul ravi raymond rebecca regina renee ricardo richard ricky rita robert roberto rodney rodrigo roger ron
    ronald rosa rosalie rosemary ruben russell ruth ryan sabrina sakura salvador sam samantha samuel sandra sanjay
    santiago sara sarah scott sean sebastian sergei sergio seth shannon sharon shaun shawn sheila shirley silvia
    simon sofia sonia sonya sophia sophie stacy stella stephanie stephen steve steven stuart sunil sunita susan
    suzanne svetlana sylvia tamara tanya tara ted teresa terrence thelma theodore theresa tiffany tim timothy tina
    todd tom tomas tony tracy travis trevor tyrone valeria vanessa veronica vicente vicky victor victoria vijay
    vincent vladimir wanda wayne wendy william wilma xavier yesenia yolanda yuki yusuf yvette yvonne zachary zainab
    zoe
    """.split()
)
