/// An entry of a hook section: where to look, what to read, what to match.
public struct HookSpec: Sendable, Hashable {
    /// The sections of `spec`, by key.
    public enum Section: String, Sendable, CaseIterable {
        case kprobes, fentries, tracepoints, lsmhooks, uprobes, usdts
        /// Not a list: `true` or `false`.
        case loader
    }

    /// The section that the entry stands in.
    public var section: Section
    /// Position in its section.
    public var index: Int
    public var place: SourcePlace
    /// What the keys of the section say about the place.
    public var target: HookTarget
    /// `return`: whether the return of the call is watched.
    public var returns = Located(false)
    /// `returnArg`.
    public var returnArgument: ArgumentSpec?
    /// `returnArgAction`: `TrackSock` or `UntrackSock`.
    public var returnAction: Located<ActionKind>?
    /// `args`.
    public var arguments: [ArgumentSpec] = []
    /// `data`: what does not come from arguments.
    public var data: [ArgumentSpec] = []
    /// Joined by *or*; the first that matches decides.
    public var selectors: [SelectorSpec] = []
    /// Shown in events, cut to 256 bytes.
    public var message: Located<String>?
    /// Shown in events; at most 16 of 2 to 128 bytes.
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
    /// The file, as the policy names it.
    public var path: Located<String>
    /// Functions by name; of these three one is given.
    public var symbols: [Located<String>] = []
    /// Offsets in the file, bytes.
    public var offsets: [Located<UInt64>] = []
    /// Addresses as the file's symbol table counts.
    public var addresses: [Located<UInt64>] = []
    /// Offsets of semaphores that say whether anybody watches, one per place.
    public var refCtrOffsets: [Located<UInt64>] = []
    /// File with type information of the program.
    public var btfPath: Located<String>?
    /// Digests that the file must have one of.
    public var digests: [Located<String>] = []

    public init(path: Located<String>) { self.path = path }
}

/// A USDT probe of a program or library.
public struct UsdtTarget: Sendable, Hashable {
    /// The file, as the policy names it.
    public var path: Located<String>
    /// Provider of the probe.
    public var provider: Located<String>
    /// Name of the probe.
    public var name: Located<String>
    /// File with type information of the program.
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
    /// Position in the prototype, from 0.
    public var index = Located(0)
    /// `auto` = as the kernel's type information says.
    public var type = Located(ArgumentType.auto)
    /// `mm.owner.comm`, `list[2].next`.
    public var resolve: Located<String>?
    /// Counted from 1.
    public var sizeArgumentIndex: Located<Int>?
    /// Read when the call returns, because it is the call that fills it.
    public var returnCopy = false
    /// Capture up to `Column.largeTextCapacity` bytes instead of the usual.
    public var maxData = false
    /// Name in events; nil = none.
    public var label: Located<String>?
    /// Of `data` elements: where to start.
    public var source: Located<Source>?
    /// Type that `resolve` starts from, instead of that of the prototype.
    public var btfType: Located<String>?
    /// Kernel module that knows `btfType`.
    public var btfTypeModule: Located<String>?

    public init(place: SourcePlace) { self.place = place }
}
