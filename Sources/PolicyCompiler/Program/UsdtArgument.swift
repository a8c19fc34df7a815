/// An argument of a USDT probe, as the note of the probe says where it is: `-4@%edi`, `8@-16(%rbp)`, `4@$7`.
public struct UsdtArgument: Sendable, Hashable {
    /// Where the value is.
    public enum Origin: Sendable, Hashable {
        case constant(UInt64)
        case register(ProgramRegister)
        /// base + index * scale + offset
        case memory(base: ProgramRegister, index: ProgramRegister?, scale: UInt8, offset: Int64)
        /// Cannot be read; the text as it stands in the note.
        case unknown(String)
    }

    /// Bytes of the value: 1, 2, 4 or 8.
    public var size: Int
    /// Whether its highest bit is a sign.
    public var isSigned: Bool
    /// Where it is.
    public var origin: Origin

    public init(size: Int, isSigned: Bool, origin: Origin) {
        self.size = size
        self.isSigned = isSigned
        self.origin = origin
    }

    /// Arguments of one probe; more are not looked at (`<sys/sdt.h>` has 12).
    public static let limit = 12

    /// Reads the text of a note.
    public static func parse(_ text: String) -> [UsdtArgument] {
        text.split(separator: " ").prefix(limit).map { argument($0) }
    }

    private static func argument(_ text: Substring) -> UsdtArgument {
        let unknown = UsdtArgument(size: 8, isSigned: false, origin: .unknown(String(text.prefix(64))))
        guard let at = text.firstIndex(of: "@"), let number = Int(text[..<at]),
            [1, 2, 4, 8].contains(number.magnitude)
        else { return unknown }
        guard let origin = origin(text[text.index(after: at)...]) else {
            return UsdtArgument(size: Int(number.magnitude), isSigned: number < 0, origin: unknown.origin)
        }
        return UsdtArgument(size: Int(number.magnitude), isSigned: number < 0, origin: origin)
    }

    private static func origin(_ text: Substring) -> Origin? {
        if text.hasPrefix("$") {
            return NumberSyntax.signed(String(text.dropFirst())).map { .constant(UInt64(bitPattern: $0)) }
        }
        if text.hasPrefix("%") { return ProgramRegister(text).map { .register($0) } }
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
        var offset: Int64 = 0
        if open != text.startIndex {
            guard let number = NumberSyntax.signed(String(text[..<open])) else { return nil }
            offset = number
        }
        let inside = text[text.index(after: open)...].dropLast()
        let parts = inside.split(separator: ",", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), let base = ProgramRegister(parts[0]), base.isWhole else {
            return nil
        }
        var index: ProgramRegister?
        var scale: UInt8 = 1
        if parts.count > 1 {
            guard let register = ProgramRegister(parts[1]), register.isWhole else { return nil }
            index = register
        }
        if parts.count > 2 {
            guard let factor = UInt8(parts[2]), [1, 2, 4, 8].contains(factor) else { return nil }
            scale = factor
        }
        return .memory(base: base, index: index, scale: scale, offset: offset)
    }
}

/// A register of x86-64 as the kernel saves it (`struct pt_regs`, arch/x86/include/uapi/asm/ptrace.h).
public struct ProgramRegister: Sendable, Hashable {
    /// Where it stands among the saved registers, in bytes.
    public let position: UInt16
    /// Bytes of it that the name stands for.
    public let size: Int

    /// Whether all of it is meant.
    var isWhole: Bool { size == 8 }

    /// - Parameter name: `%edi`, or without the sign.
    public init?(_ name: some StringProtocol) {
        let bare = name.hasPrefix("%") ? String(name.dropFirst()) : String(name)
        guard let found = Self.known[bare] else { return nil }
        (position, size) = (found.position, found.size)
    }

    private init(position: UInt16, size: Int) {
        self.position = position
        self.size = size
    }

    /// Names that can be used, for suggestions.
    public static var names: [String] { known.keys.sorted() }

    private static let known: [String: ProgramRegister] = {
        // In the order of the structure.
        let order = [
            "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di",
            "orig_ax", "ip", "cs", "flags", "sp", "ss",
        ]
        var known: [String: ProgramRegister] = [:]
        for (index, name) in order.enumerated() {
            let position = UInt16(index * 8)
            func add(_ name: String, _ size: Int) {
                known[name] = ProgramRegister(position: position, size: size)
            }
            // As the kernel calls it.
            add(name, 8)
            if name.hasPrefix("r") {
                add(name + "d", 4)
                add(name + "w", 2)
                add(name + "b", 1)
            } else if ["ax", "bx", "cx", "dx", "si", "di", "bp", "sp"].contains(name) {
                add("r" + name, 8)
                add("e" + name, 4)
                add(name.hasSuffix("x") ? String(name.dropLast()) + "l" : name + "l", 1)
            } else if name == "ip" || name == "orig_ax" {
                add(name == "ip" ? "rip" : "orig_rax", 8)
            }
        }
        return known
    }()
}
