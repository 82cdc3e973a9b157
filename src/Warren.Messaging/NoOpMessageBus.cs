namespace Warren.Messaging;

/// <summary>The bus of an application whose messaging is switched off.</summary>
public sealed class NoOpMessageBus;
