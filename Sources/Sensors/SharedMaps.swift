import BPFObjects
import BPFRuntime

/// The maps that all sensors use (bpf/shared): made once, before the objects are loaded side by side.
struct SharedMaps: Sendable {
    let members: [SharedBPFMap]

    /// Makes the maps.
    /// - Throws: `SensorError`.
    init(_ options: SensorOptions) throws {
        do throws(BPFError) {
            var file = try BPFProgramFile(elf: BPFObjects.shared.elf, name: "shared")
            try file.setMaxEntries(options.lifecycleRing, ofMap: "secd_lifecycle")
            try file.setMaxEntries(options.verdictRing, ofMap: "secd_verdict")
            try file.setMaxEntries(options.observationRing, ofMap: "secd_observation")
            try file.load()
            var members: [SharedBPFMap] = []
            for name in file.mapNames where name.hasPrefix("secd_") {
                members.append(SharedBPFMap(try file.openMap(name)))
            }
            self.members = members
        } catch {
            throw SensorError("the kernel refuses the maps of the sensors: \(error)", log: error.log)
        }
    }

    /// A map of its own descriptor.
    /// - Throws: `SensorError` where there is none of this name, or no descriptor is left.
    func open(_ name: String) throws -> BPFMap {
        guard let member = members.first(where: { $0.map.name == name }) else {
            throw SensorError("bpf/shared has no map \(name)")
        }
        do {
            return try member.map.duplicate()
        } catch {
            throw SensorError("cannot open the map \(name): \(error)")
        }
    }

    /// Memory that the kernel charges for them, bytes.
    var kernelBytes: UInt64 { members.reduce(0) { $0 + $1.map.kernelBytes } }
}
