/// Whether something matches, in three values.
///
/// Open is what a request leaves undecided: a variable without a value, an address that is none. An
/// `Allow` needs a yes; a `Deny` is content with anything but a no. So what is open always refuses.
enum Match: Comparable, Sendable {
    case no, open, yes

    init(_ isMatch: Bool) { self = isMatch ? .yes : .no }

    static prefix func ! (match: Match) -> Match {
        switch match {
        case .no: .yes
        case .open: .open
        case .yes: .no
        }
    }
}

extension Array {
    /// The best that any of them is: no for none at all.
    func anyMatches(_ match: (Element) -> Match) -> Match {
        let elements = span
        var best = Match.no
        for place in elements.indices where best != .yes {
            best = Swift.max(best, match(elements[place]))
        }
        return best
    }

    /// The worst that any of them is: yes for none at all.
    func allMatch(_ match: (Element) -> Match) -> Match {
        let elements = span
        var worst = Match.yes
        for place in elements.indices where worst != .no {
            worst = Swift.min(worst, match(elements[place]))
        }
        return worst
    }
}
