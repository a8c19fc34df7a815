/// Runs policies: the engine in the kernel, or a stand-in of tests. Its owner calls it from one thread.
public protocol PolicyRuntime: Sendable {
    /// Makes these the policies that run, all at once. Until it returns the ones before act, and where it throws
    /// they go on as they were.
    /// - Returns: a report for each policy, in the same order.
    func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport]

    /// What happened since each policy began to run; policies that nothing is known of are left out.
    func counts() -> [PolicyCounts]

    /// Kernel memory of all policies together: tables, maps and programs.
    var kernelBytes: UInt64 { get }

    /// Nothing is replaced any more, and soon nobody reads what policies tell: what is still to be told is
    /// told now. Policies go on acting.
    func finish()
}

extension PolicyRuntime {
    public var kernelBytes: UInt64 { 0 }

    public func finish() {}
}

/// A policy as it shall run: disabled ones are not among them, and `policy.mode` is the mode in force.
public struct RunnablePolicy: Sendable, Hashable {
    /// The same while a policy of this name runs, also with another text; never given twice.
    public var id: UInt64
    /// What it says.
    public var policy: CheckedPolicy

    public init(id: UInt64, policy: CheckedPolicy) {
        self.id = id
        self.policy = policy
    }
}

/// Why a set of policies cannot run.
public struct PolicyRefusal: Error, Sendable, Hashable {
    /// What is wrong with one policy.
    public struct Fault: Sendable, Hashable {
        /// `RunnablePolicy.id`.
        public var policy: UInt64
        /// Where in its file.
        public var place: SourcePlace
        /// `spec.kprobes[0]: this kernel can only observe …`.
        public var reason: String

        public init(policy: UInt64, place: SourcePlace, reason: String) {
            self.policy = policy
            self.place = place
            self.reason = reason
        }
    }

    /// The policies to blame; without them the others could run. Empty where none is: then no set of policies can.
    public var faults: [Fault]
    /// In one sentence.
    public var reason: String

    public init(faults: [Fault] = [], reason: String) {
        self.faults = faults
        self.reason = reason
    }
}
