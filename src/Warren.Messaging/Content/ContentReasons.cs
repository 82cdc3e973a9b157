namespace Warren.Messaging.Content;

/// <summary>The words of <see cref="ContentException.Reason"/>; they end up on dead letters, so they never change.</summary>
internal static class ContentReasons
{
    public const string Undecodable = "undecodable";
    public const string UnknownContentType = "unknown_content_type";
    public const string UnknownEncoding = "unknown_encoding";
    public const string UnknownKey = "unknown_key";
    public const string Tampered = "tampered";
    public const string NotEncrypted = "not_encrypted";
    public const string TooLarge = "too_large";
}
