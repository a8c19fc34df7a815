public import PolicyCompiler
public import PolicyModel

/// A generation as decoders of its records need it: told before it is switched on.
public struct RunningGeneration: Sendable {
    /// A hook of it.
    public struct Hook: Sendable {
        /// As records name it.
        public var number: UInt32
        /// Where policies want it.
        public var point: AttachPoint
        /// Which of the tables of that point are its own.
        public var side: Int
        /// What it runs on: `tp_btf/sys_enter`.
        public var mechanism: String
        /// What actions can achieve there at most.
        public var effect: EffectClass
        /// By rule: the number that calls are counted under.
        public var counters: [UInt32]
    }

    /// As in records.
    public var number: UInt32
    /// Rules by their bits, columns by their positions.
    public var tables: Generation
    /// Those that `tables` were built from, in the same order.
    public var policies: [CheckedPolicy]
    /// In the order of `tables.hooks`.
    public var hooks: [Hook]
    /// Keys of counted calls.
    public var countHash: CountHash
}
