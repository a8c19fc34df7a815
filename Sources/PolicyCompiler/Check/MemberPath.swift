internal import PolicyModel

/// The text of `resolve`: names joined by dots, `[n]` behind arrays.
enum MemberPath {
    /// Steps of one path; every step is a load in the kernel.
    static let limit = 16

    /// The steps, or what is wrong with the text.
    static func parse(_ text: String) -> Result<[MemberStep], Mistake> {
        var steps: [MemberStep] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            guard let first = name.unicodeScalars.first, isWord(first), !("0"..."9").contains(first),
                name.unicodeScalars.allSatisfy(isWord)
            else {
                // A path may begin with an index into the argument itself.
                guard steps.isEmpty, name.isEmpty, part.hasPrefix("[") else {
                    return .failure(Mistake("\"\(part)\" is no name of a member"))
                }
                switch elements(part) {
                case .success(let found): steps += found
                case .failure(let mistake): return .failure(mistake)
                }
                continue
            }
            steps.append(.member(String(name)))
            switch elements(part.dropFirst(name.count)) {
            case .success(let found): steps += found
            case .failure(let mistake): return .failure(mistake)
            }
        }
        if steps.count > limit {
            return .failure(Mistake("\(steps.count) steps; at most \(limit) are followed"))
        }
        return .success(steps)
    }

    struct Mistake: Error {
        var message: String
        init(_ message: String) { self.message = message }
    }

    private static func elements(_ text: Substring) -> Result<[MemberStep], Mistake> {
        var rest = text
        var steps: [MemberStep] = []
        while !rest.isEmpty {
            guard rest.first == "[", let end = rest.firstIndex(of: "]"),
                let index = UInt32(rest[rest.index(after: rest.startIndex)..<end])
            else { return .failure(Mistake("\"\(rest)\" is no index; write [0]")) }
            steps.append(.element(index))
            rest = rest[rest.index(after: end)...]
        }
        return .success(steps)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
            || scalar == "_"
    }
}
