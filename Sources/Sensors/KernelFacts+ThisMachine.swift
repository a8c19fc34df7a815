import CEventABI
import LinuxSystem

extension KernelFacts {
    /// Asks this machine's kernel as a daemon's start does, for all sensors; nothing is attached.
    ///
    /// - Throws: `SensorError` where the kernel has no types, or refuses programs altogether.
    public static func ofThisMachine() throws -> KernelFacts {
        let mounts = CgroupMounts.ofThisProcess
        var options = SensorOptions(
            agent: secd_agent(), cgroupRoot: CgroupPrograms.expectedRoot(mounts), files: ["/"])
        options.hierarchy = mounts.workloads
        return try KernelSensors.probe(KernelSensors.plans(options), options)
    }

    /// What keeps secd from running here: functions that it cannot do without, and what each would lose.
    public var obstaclesToRun: [String] {
        [ProcessSensor.plan, SocketSensor.plan].flatMap { plan in
            plan.choose(self).compactMap { ladder, mechanism in
                ladder.isRequired && mechanism == nil
                    ? "nothing here sees \(ladder.function) (\(ladder.lossWithout))" : nil
            }
        }
    }
}
