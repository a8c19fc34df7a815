import BPFObjects

/// Records made on purpose, for benchmarks and overload tests: every getppid(2) of one process gives
/// one record of 256 bytes on the observation ring.
enum LoadGenerator {
    static let plan = SensorPlan(
        name: "load", object: BPFObjects.load, probeObject: BPFObjects.loadProbe,
        ladders: [
            Ladder(
                function: "load",
                mechanisms: [
                    Mechanism(
                        "tracepoint/syscalls/sys_enter_getppid",
                        [
                            .tracepoints(
                                program: "on_load", category: "syscalls", events: ["sys_enter_getppid"])
                        ]
                    ) { $0.syscallTracepoints == nil }
                ],
                lossWithout: "the load", isRequired: true)
        ],
        iterator: nil)
}
