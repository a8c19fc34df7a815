import IdentityStores
import Logging
import SecurityIdentity

/// A node of a cluster: its allocator with its store, driven by the test instead of a thread.
final class EtcdNode {
    private(set) var allocator: IdentityAllocator
    private var now: UInt64 = 0

    /// - Parameters:
    ///   - folder: what the node keeps over a restart.
    ///   - start: the first number that it tries.
    init(_ name: String, _ endpoint: String, _ folder: Folder, start: UInt32? = nil, lease: UInt64 = 60)
        throws
    {
        guard let endpoint = EtcdOptions.Endpoint(endpoint) else { throw EtcdDoesNotAnswer() }
        var options = EtcdOptions(endpoints: [endpoint], node: name)
        options.prefix = "test"
        options.leaseSeconds = lease
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let store = EtcdIdentityStore(
            options, cache: FileIdentityStore(directory: folder.path), logger: logger)
        var settings = IdentityAllocator.Options()
        settings.start = start
        settings.grace = 10
        allocator = IdentityAllocator(store, settings)
    }

    /// The number of labels for a holder, now.
    @discardableResult
    func assign(_ holder: UInt64, _ label: String) throws -> UInt32 {
        try allocator.assign(holder, Self.set(label)).rawValue
    }

    func number(of holder: UInt64) -> UInt32 { allocator.number(of: holder)?.rawValue ?? 0 }

    func drop(_ holder: UInt64) { allocator.drop(holder) }

    /// What a second does, without waiting for it.
    func tend(sweeps: Bool = false) {
        now += 1
        _ = allocator.tend(now: now, sweeps: sweeps)
    }

    /// Lets time pass beyond the grace period.
    func passGrace() { now += 100 }

    /// Goes on until nothing is open.
    func settle() async throws {
        try await eventually {
            tend()
            return allocator.waitingCount == 0 && allocator.unconfirmedCount == 0 && allocator.problem == nil
        }
    }

    /// Goes on until it knows what others have bound.
    func learn(_ number: UInt32, _ label: String?) async throws {
        let wanted = try label.map { try Self.set($0) }
        try await eventually {
            tend()
            return allocator.table.labels(of: NumericIdentity(rawValue: number)) == wanted
        }
    }

    private static func set(_ label: String) throws -> LabelSet {
        guard let label = Label(parsing: label) else { throw LabelSet.Fault.malformed(at: 0) }
        return try LabelSet([label])
    }
}
