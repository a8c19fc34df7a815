public import Logging
import CEventABI
import EventModel
import Glibc
import ProcessTree
import Sensors

final class StdoutConsumer: EventConsumer {
    func deliver(_ batch: consuming EventBatch) -> EventBatch {
        var batch = batch
        unsafe batch.bytes.withUnsafeBytes { unsafe _ = write(1, $0.baseAddress, $0.count) }
        batch.removeAll()
        return batch
    }
}

public func thinSlice(_ logger: Logger) throws {
    var agent = secd_agent()
    agent.wake_bytes = 1 << 20
    let t0 = BootClock.now
    let sensors = try KernelSensors(SensorOptions(agent: agent, cgroupRoot: "/sys/fs/cgroup/unified"), logger: logger)
    let t1 = BootClock.now
    let context = EncodingContext(nodeName: "vm", clusterName: "", stream: "00000000", bootOffset: BootClock.offset)
    let output = EventOutput(context: context)
    output.add(lines: StdoutConsumer())
    let pipeline = try EventPipeline(sensors: sensors, context: context, output: output, settings: EventSettings(), cpus: 2, treeBudget: 16 << 20)
    pipeline.handler.cgroups.scan(root: "/sys/fs/cgroup/unified")
    let seeds = try sensors.seedProcesses()
    for seed in seeds { pipeline.tree.seed(ProcfsImage.make(seed, cgroupPath: pipeline.handler.cgroups.path(seed.cgroup_id))) }
    pipeline.tree.linkSeeds()
    let t2 = BootClock.now
    logger.info("ready: load+attach \((t1 - t0) / 1000) us, seed \((t2 - t1) / 1000) us, \(seeds.count) processes, \(sensors.status)")
    pipeline.run(stopReason: { "stop" })
}
