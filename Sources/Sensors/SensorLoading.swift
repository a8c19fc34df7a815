import LinuxSystem
import Logging
import SystemPackage

/// Loads the objects of the sensors side by side: the verifier uses one processor for each, and is
/// most of the time of a start.
enum SensorLoading {
    /// The loaded objects, in the order of the plans.
    /// - Throws: `SensorError` of the first plan that failed; what the others loaded goes.
    static func load(
        _ plans: [SensorPlan], _ facts: KernelFacts, _ options: SensorOptions, _ shared: SharedMaps,
        logger: Logger
    ) throws -> [LoadedObject] {
        let work = plans.map { plan in
            LoadWork { try LoadedObject(plan, facts, options, shared, logger: logger) }
        }
        for item in work.dropFirst() { item.start() }
        work.first?.run()
        // All, before any error is thrown: no thread may be left behind.
        let results = work.map { $0.finish() }
        return try results.map { try $0.get() }
    }
}

/// One object on its way. The result is written by the thread that loads and read after its end.
private final class LoadWork: @unchecked Sendable {
    private let make: @Sendable () throws -> LoadedObject
    private var result: Result<LoadedObject, any Error>?
    private var thread: Thread?

    init(_ make: @escaping @Sendable () throws -> LoadedObject) {
        self.make = make
    }

    func run() {
        result = Result { try make() }
    }

    /// Without another thread (the limit is reached) the work is done when it is asked for.
    func start() {
        thread = try? Thread(name: "load") { self.run() }
    }

    func finish() -> Result<LoadedObject, any Error> {
        if let thread = thread.take() { thread.join() }
        return result ?? Result { try make() }
    }
}
