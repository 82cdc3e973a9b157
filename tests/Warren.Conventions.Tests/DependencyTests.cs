namespace Warren.Conventions.Tests;

public class DependencyTests
{
    [Fact]
    public void Messaging_references_no_other_Warren_project() =>
        Assert.DoesNotContain(
            typeof(Warren.Messaging.IMessageBus).Assembly.GetReferencedAssemblies(),
            assembly => assembly.Name!.StartsWith("Warren.", StringComparison.Ordinal));
}
