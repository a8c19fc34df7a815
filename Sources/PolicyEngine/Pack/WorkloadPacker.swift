import CEventABI
import PolicyCompiler
import PolicyModel

/// A dimension on workloads → the row of each class. The programs look the class of a cgroup up, so what bits
/// would decide one by one is decided here for each set of them.
struct WorkloadPacker {
    let hook: HookTables
    /// By class: positions of the tests that hold.
    let classes: [[Int]]

    func pack(_ bits: BitDimension, into image: inout GenerationImage) -> secd_policy_dimension {
        var packed = secd_policy_dimension()
        packed.input = UInt8(SECD_POLICY_IN_WORKLOAD)
        var asked: [Int: [UInt64]] = [:]
        for member in bits.members { asked[member.bit] = words(member.row) }
        let all = asked.values.reduce([]) { Self.merge($0, $1, |) }
        let free = words(bits.freeRow)
        let positive = words(bits.positiveRow)
        let negative = words(bits.negativeRow)
        packed.index = UInt32(image.indexes.count)
        packed.index_count = UInt32(classes.count)
        func row(_ set: [Int]) -> [UInt64] {
            let hit = set.compactMap { asked[$0] }.reduce([]) { Self.merge($0, $1, |) }
            let holds = Self.merge(Self.merge(positive, hit, &), Self.without(negative, hit), |)
            return Self.merge(holds, free, |)
        }
        for set in classes { image.indexes.append(image.row(row(set))) }
        packed.absent_row = image.row(row([]))
        // What is not known: rules that ask are uncertain, and hold where their bits may be unknown.
        let unknown = Self.merge(words(bits.unknownRow), all, &)
        let held = Self.merge(unknown, Self.without(negative, all), |)
        packed.unreadable_row = image.row(Self.merge(held, free, |))
        packed.constrained_row = image.row(all)
        return packed
    }

    private func words(_ row: UInt32) -> [UInt64] { hook.rows[Int(row)].words }

    private static func merge(
        _ left: [UInt64], _ right: [UInt64], _ join: (UInt64, UInt64) -> UInt64
    ) -> [UInt64] {
        (0..<max(left.count, right.count)).map { index in
            join(index < left.count ? left[index] : 0, index < right.count ? right[index] : 0)
        }
    }

    private static func without(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        left.indices.map { left[$0] & ~($0 < right.count ? right[$0] : 0) }
    }
}
