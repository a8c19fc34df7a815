import YAMLReader

/// What a register of a program gets, as `argRegs` of `Override` say it: `rax=11`, `rdi=%rsi`, `rsp=8%rsp`,
/// `rip=8(%rsp)`.
public struct RegisterAssignment: Sendable, Hashable {
    /// A register, or its lowest bytes.
    public struct Part: Sendable, Hashable {
        /// Where it stands among the saved registers.
        public var register: ProgramRegister
        /// Bytes of it.
        public var size: Int

        public init(register: ProgramRegister, size: Int) {
            self.register = register
            self.size = size
        }
    }

    /// Where the value comes from.
    public enum Source: Sendable, Hashable {
        case constant(UInt64)
        /// A register and a number.
        case register(Part, offset: UInt64)
        /// What stands in memory there.
        case memory(Part, offset: UInt64)
    }

    /// Why a text is no assignment.
    public struct Fault: Error, Hashable {
        /// In words, behind the text.
        public var reason: String
        /// What may be meant; empty = nothing.
        public var hint = ""
    }

    /// What is assigned to; its other bytes stay.
    public var target: Part
    /// What it gets.
    public var source: Source

    public init(target: Part, source: Source) {
        self.target = target
        self.source = source
    }

    /// The program goes on somewhere else.
    public var movesOn: Bool { target.register == Self.instruction }

    /// The stack begins somewhere else.
    public var movesStack: Bool { target.register == Self.stack }

    private static let instruction = ProgramRegister("rip")
    private static let stack = ProgramRegister("rsp")

    /// The first instruction of a function is given `value` as what the function returns: it returns at once.
    public static func returning(_ value: Int64) -> [RegisterAssignment] {
        ["rax=\(value)", "rip=(%rsp)", "rsp=8%rsp"].compactMap { try? parse($0) }
    }

    /// Reads an assignment.
    public static func parse(_ text: String) throws(Fault) -> RegisterAssignment {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(trimmed)
        guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
            throw Fault(reason: "is no assignment", hint: form)
        }
        return RegisterAssignment(target: try part(sides[0]), source: try source(sides[1], text))
    }

    private static let form = "rax=11, rdi=%rsi, rsp=8%rsp or rip=8(%rsp)"

    private static func trimmed(_ text: some StringProtocol) -> String {
        let end = text.lastIndex { $0 != " " }
        guard let start = text.firstIndex(where: { $0 != " " }), let end else { return "" }
        return String(text[start...end])
    }

    private static func source(_ text: String, _ whole: String) throws(Fault) -> Source {
        if let open = text.firstIndex(of: "(") {
            guard text.hasSuffix(")") else { throw Fault(reason: "has no closing parenthesis", hint: form) }
            let inside = trimmed(text[text.index(after: open)...].dropLast())
            guard inside.hasPrefix("%") else { throw Fault(reason: "names no register in ( )", hint: form) }
            return .memory(try part(String(inside.dropFirst())), offset: try offset(text[..<open]))
        }
        if let sign = text.firstIndex(of: "%") {
            let name = String(text[text.index(after: sign)...])
            return .register(try part(name), offset: try offset(text[..<sign]))
        }
        guard let number = number(text) else {
            throw Fault(
                reason: "gives neither a number nor a register",
                hint: (try? part(text)) == nil ? form : "write %\(text)")
        }
        return .constant(number)
    }

    private static func offset(_ text: Substring) throws(Fault) -> UInt64 {
        let digits = trimmed(text)
        if digits.isEmpty { return 0 }
        guard let number = number(digits) else {
            throw Fault(reason: "has the offset \"\(digits)\"", hint: form)
        }
        return number
    }

    private static func number(_ text: String) -> UInt64? {
        NumberSyntax.unsigned(text) ?? NumberSyntax.signed(text).map { UInt64(bitPattern: $0) }
    }

    // MARK: Registers

    private static func part(_ name: String) throws(Fault) -> Part {
        if let known = known[name] { return known }
        if isOfARM64(name) {
            throw Fault(reason: "names \(name), a register of arm64; programs are changed on x86-64 only")
        }
        throw Fault(
            reason: "names \"\(name.prefix(64))\", which is no register",
            hint: Spelling.suggestion(for: name, among: known.keys.sorted()) ?? "")
    }

    /// `x0` … `x31`, `w0` … `w30`, `pc`.
    private static func isOfARM64(_ name: String) -> Bool {
        if name == "pc" { return true }
        guard let first = name.first, "xw".contains(first), let number = UInt8(name.dropFirst()) else {
            return false
        }
        return number <= (first == "x" ? 31 : 30)
    }

    /// By the names that assemblers use: `ax` is two bytes.
    private static let known: [String: Part] = {
        var known: [String: Part] = [:]
        func add(_ names: [String]) {
            guard let register = ProgramRegister(names[0]) else { return }
            for (name, size) in zip(names, [8, 4, 2, 1]) {
                known[name] = Part(register: register, size: size)
            }
        }
        add(["rip", "eip"])
        for name in ["ax", "bx", "cx", "dx"] { add(["r" + name, "e" + name, name, name.prefix(1) + "l"]) }
        for name in ["si", "di", "bp", "sp"] { add(["r" + name, "e" + name, name, name + "l"]) }
        for number in 8...15 {
            let name = "r\(number)"
            add([name, name + "d", name + "w", name + "b"])
        }
        return known
    }()
}
