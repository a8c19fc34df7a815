/// An entry of a hook section: where to look, what to read, what to match.
public struct HookSpec: Sendable, Hashable {
    public enum Section: String, Sendable, CaseIterable {
        case kprobes, fentries, tracepoints, lsmhooks, uprobes, usdts
    }

    public var section: Section
    /// Position in its section.
    public var index: Int
    public var place: SourcePlace
    public var target: HookTarget
    public var returns = Located(false)
    public var returnArgument: ArgumentSpec?
    public var returnAction: Located<ActionKind>?
    public var arguments: [ArgumentSpec] = []
    public var data: [ArgumentSpec] = []
    public var selectors: [SelectorSpec] = []
    public var message: Located<String>?
    public var tags: [Located<String>] = []
    /// A function that the kernel lacks is skipped.
    public var ignoresCallNotFound = false
    /// A binary with another digest is skipped.
    public var ignoresDigestMismatch = false

    public init(section: Section, index: Int, place: SourcePlace, target: HookTarget) {
        self.section = section
        self.index = index
        self.place = place
        self.target = target
    }

    /// `spec.kprobes[2]`, as diagnostics name it.
    public var path: String { "spec.\(section.rawValue)[\(index)]" }
}

/// What a hook is attached to, as written.
public enum HookTarget: Sendable, Hashable {
    /// A kernel function, a syscall, or `list:NAME` of either.
    case function(call: Located<String>, isSyscall: Bool)
    case tracepoint(subsystem: Located<String>, event: Located<String>, isRaw: Bool)
    case lsm(hook: Located<String>)
    case uprobe(UprobeTarget)
    case usdt(UsdtTarget)
}

/// Places in a program or library.
public struct UprobeTarget: Sendable, Hashable {
    public var path: Located<String>
    public var symbols: [Located<String>] = []
    public var offsets: [Located<UInt64>] = []
    public var addresses: [Located<UInt64>] = []
    public var refCtrOffsets: [Located<UInt64>] = []
    public var btfPath: Located<String>?
    public var digests: [Located<String>] = []

    public init(path: Located<String>) { self.path = path }
}

/// A USDT probe of a program or library.
public struct UsdtTarget: Sendable, Hashable {
    public var path: Located<String>
    public var provider: Located<String>
    public var name: Located<String>
    public var btfPath: Located<String>?

    public init(path: Located<String>, provider: Located<String>, name: Located<String>) {
        self.path = path
        self.provider = provider
        self.name = name
    }
}

/// An element of `args`, `data`, or `returnArg`.
public struct ArgumentSpec: Sendable, Hashable {
    /// Where elements of `data` come from.
    public enum Source: String, Sendable, CaseIterable {
        case currentTask = "current_task"
        case registers = "pt_regs"
    }

    public var place: SourcePlace
    public var index = Located(0)
    public var type = Located(ArgumentType.auto)
    /// `mm.owner.comm`, `list[2].next`.
    public var resolve: Located<String>?
    /// Counted from 1.
    public var sizeArgumentIndex: Located<Int>?
    public var returnCopy = false
    public var maxData = false
    public var label: Located<String>?
    public var source: Located<Source>?
    public var btfType: Located<String>?
    public var btfTypeModule: Located<String>?

    public init(place: SourcePlace) { self.place = place }
}
