namespace Warren.Cli.Demo;

/// <summary>Three answers to one question, as learners of three levels write them.</summary>
internal static class DemoEssays
{
    /// <summary>The question.</summary>
    public const string Prompt = "Some people think that children should begin to learn a foreign language at primary school. Discuss both views and give your own opinion.";

    /// <summary>The essays: what each is called, the level its writer aims at, and the answer.</summary>
    public static IReadOnlyList<(string Name, string Level, string Answer)> All { get; } =
    [
        ("essay-a2", "A2",
            """
            I think children must to learn foreign language in primary school. It is good for they. Children is young and they can learn very fast. My sister have 8 years old and she speak english good.

            Some people thinks it is bad. They say child have many homework and they is tired. In the school there is many subject. Yes, it is true but english is more important of other subject. If you dont know english you can't to find good job.

            In my school we study english when I was 11. It was difficult for me. Now I am agree that is better to start when you are small. Teacher can use game and song and childrens like it. They don't afraid to speak.

            In the end I think is good idea. All the people should learn language becouse world is big and we want to travel and have many friend.
            """),
        ("essay-b2", "B2",
            """
            Nowadays many schools teach a foreign language from the first year. Some parents support this idea, while others believe that small children should learn their own language first. In this essay I will discuss both opinions.

            On the one hand, young children have a good memory and they are not afraid of making mistakes. For example, my little cousin started English when he was six, and now he speaks with a better accent than his parents. Moreover, learning a language through songs and games is fun, so children keep a positive attitude towards it when they grow up. Another advantage is that they get to know another culture early.

            On the other hand, some teachers say that primary school is already full of subjects. If children have problems with reading in their mother tongue, a second language could make them confused. In addition, there are not enough trained teachers in small towns, and bad lessons at the beginning can destroy the interest of the pupils.

            In my opinion, the benefits are bigger than the problems. Schools should offer a foreign language from the age of seven or eight, but only a few hours per week and with teachers who know how to work with children. In conclusion, an early start is a good idea if it is well organised.
            """),
        ("essay-c1", "C1",
            """
            Whether a second language belongs in the primary classroom is a question on which parents, teachers and policymakers have long been divided. While the enthusiasm for an early start is understandable, the argument that childhood ought to be reserved for the mother tongue deserves a fair hearing as well.

            Those who favour postponing foreign languages point, above all, to the limits of the timetable. Literacy in one's first language underpins every other subject; consequently, hours taken from it may prove costly, particularly for pupils who already struggle. They also observe that, in many regions, lessons are delivered by teachers with little training, so that children acquire habits which later have to be laboriously undone.

            The case for beginning early, however, rests on more than fashion. Young learners imitate unfamiliar sounds with an ease that adolescents rarely match, and they are remarkably free of the embarrassment that silences so many teenagers. What is more, encountering another language prompts children to notice how their own works, an awareness that tends to strengthen rather than weaken literacy. Had such provision been available only to the wealthy, as was once the case, existing inequalities would merely have been reinforced.

            On balance, I am persuaded that an early start is worthwhile, provided that its aims remain modest. A few short, playful sessions each week, taught by people who are genuinely at home in the language, would secure most of the advantages without overburdening anyone. It is not the age at which children begin, but the quality of what they meet, that ultimately determines whether the experiment succeeds.
            """),
    ];
}
