namespace Warren.AI.Grading.Speaking;

/// <summary>A word of a transcript, laid over the sound phone by phone.</summary>
/// <param name="Word">The word.</param>
/// <param name="Phones">Its phones, in their order.</param>
internal sealed record AlignedWord(SpokenWord Word, IReadOnlyList<AlignedPhone> Phones)
{
    /// <summary>How it is said, in ARPAbet.</summary>
    public string Phonetic => string.Join(' ', Phones.Select(phone => phone.Phone));
}

/// <summary>A phone, laid over the sound.</summary>
/// <param name="Phone">What the dictionary says, in ARPAbet.</param>
/// <param name="Heard">What fits the sound best: this phone, or one that learners say instead.</param>
/// <param name="Frames">How long it is, in hundredths of a second.</param>
/// <param name="Score">How well the phone fits, in the engine's unit, per frame: 0 would be perfect, -15 to -20 is clear speech.</param>
/// <param name="Gain">By how much the other one fits better.</param>
internal sealed record AlignedPhone(string Phone, string Heard, int Frames, double Score, double Gain);
