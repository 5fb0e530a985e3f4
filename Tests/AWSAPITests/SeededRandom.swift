/// Random numbers that a seed repeats (SplitMix64), so that a failure names the run that caused it.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Up to `countMax` characters of the kind that breaks encoders.
    mutating func text(upTo countMax: Int) -> String {
        let characters: [Character] = [
            "a", "Z", "0", "-", "_", ".", "~", " ", "+", "%", "&", "=", "/", "?", "#", ":", ";",
            ",",
            "\"", "\\", "<", ">", "'", "\n", "\t", "é", "漢", "🜚", "\u{301}", "{", "}", "[", "]",
        ]
        let count = Int.random(in: 0...countMax, using: &self)
        return String((0..<count).map { _ in characters.randomElement(using: &self) ?? "a" })
    }
}
