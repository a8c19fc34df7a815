package import CEventABI
package import PolicyCompiler
import PolicyModel

/// Tables of a generation → the bytes of its maps. The same tables and seed give the same bytes.
package struct GenerationPacker {
    /// How a hook of the generation is met in the kernel.
    package struct Placement {
        /// Its number, not 0.
        package var number: UInt32
        /// SECD_POLICY_BY_*.
        package var mechanism: UInt16
        /// How its columns are read, in their order; nil = not at all.
        package var columns: [secd_policy_column?]
        /// By rule: its counter, or SECD_POLICY_NONE.
        package var counters: [UInt32]
        /// What its mechanism cannot do, of SECD_POLICY_ENFORCES: not even tried.
        package var impossible: UInt32 = 0
        /// Whether calls are waited for until they return; nil = where the tables ask for it.
        package var waits: Bool?
        /// Whether they are then judged again, where a condition was unknown.
        package var judgesAgain = false
        /// Calls that fail are not meant.
        package var succeeds = false
        /// The first of the generations that have the hook without a break.
        package var since: UInt32 = 0
        /// By rule: whose calls `NotifyEnforcer` is about; nil, and where there is no rule, it acts at the hook.
        package var enforcers: [UInt32?] = []
        /// By rule: what it does to a program; empty, and where there is no rule, nothing.
        package var changes: [[secd_policy_change]] = []

        package init(
            number: UInt32, mechanism: UInt16, columns: [secd_policy_column?], counters: [UInt32]
        ) {
            self.number = number
            self.mechanism = mechanism
            self.columns = columns
            self.counters = counters
        }
    }

    /// At hooks with so many rules those that only tell are not looked at one by one: their records say how
    /// often they told.
    package static let countedRules = 64

    private let hash: KeyHash

    /// - Parameter seed: what the programs have in `secd_policy_setup.seed`.
    package init(seed: [UInt64]) { hash = KeyHash(seed: seed) }

    /// - Parameters:
    ///   - placements: for each of `generation.hooks`.
    ///   - workloads: by class of workloads, positions of those of `generation.workloads` that hold.
    package func pack(
        _ generation: Generation, _ placements: [Placement], workloads: [[Int]] = []
    ) throws(PackingFault) -> GenerationImage {
        precondition(placements.count == generation.hooks.count)
        var image = GenerationImage()
        let references = try packProcesses(generation, &image)
        for index in placements.indices {
            let hook = generation.hooks[index]
            do throws(PackingLimit) {
                image.hooks.append(
                    GenerationImage.Hook(
                        number: placements[index].number,
                        tables: try pack(
                            hook, placements[index], generation, references, workloads, &image)))
            } catch {
                // The last one that came: without it there was room.
                let last = hook.groups.last
                throw PackingFault(
                    policy: last?.policy, hook: last?.hook, point: hook.point, reason: error.reason)
            }
            try checkPools(image, hook)
        }
        return image
    }

    private func packProcesses(
        _ generation: Generation, _ image: inout GenerationImage
    ) throws(PackingFault) -> [ProcessPacker.Reference] {
        do throws(PackingLimit) {
            let packer = ProcessPacker(hash: hash)
            let references = try packer.pack(generation.processTables, into: &image)
            try packer.pack(generation.lineageTables, marks: generation.marks.count, into: &image)
            return references
        } catch {
            throw PackingFault(
                policy: generation.policies.indices.last, hook: nil, point: nil, reason: error.reason)
        }
    }

    private func pack(
        _ hook: HookTables, _ placement: Placement, _ generation: Generation,
        _ references: [ProcessPacker.Reference], _ workloads: [[Int]], _ image: inout GenerationImage
    ) throws(PackingLimit) -> secd_policy_hook {
        let count = hook.rules.count
        try PackingLimit.check(count, Int(SECD_POLICY_RULES_MAX), "selectors")
        try PackingLimit.check(hook.columns.count, Int(SECD_POLICY_COLUMNS_MAX), "distinct arguments")
        try PackingLimit.check(
            hook.dimensions.count + hook.returnDimensions.count, Int(SECD_POLICY_DIMENSIONS_MAX),
            "kinds of conditions")
        var tables = secd_policy_hook()
        tables.mechanism = placement.mechanism
        tables.since = placement.since
        tables.words = UInt16((count + 63) / 64)
        tables.columns = UInt16(hook.columns.count)
        if placement.waits ?? hook.waitsForReturn { tables.flags |= SECD_POLICY_HOOK_WAITS }
        if placement.judgesAgain { tables.flags |= SECD_POLICY_HOOK_AGAIN }
        if placement.succeeds { tables.flags |= SECD_POLICY_HOOK_SUCCEEDS }
        let shown = hook.shownColumns
        for (index, column) in placement.columns.enumerated() {
            guard var column else { continue }
            if shown.contains(index) { column.flags |= UInt8(SECD_POLICY_COLUMN_SHOWN) }
            CArray.set(&tables.column, index, column)
        }
        packRules(hook, placement, generation, &tables, &image)
        let packer = DimensionPacker(
            hook: hook, columns: placement.columns.map { $0 ?? secd_policy_column() }, processes: references,
            hash: hash,
            rows: hook.rows.map { image.row($0.words) }, workloads: workloads)
        tables.dimensions = UInt16(hook.dimensions.count)
        tables.return_dimensions = UInt16(hook.returnDimensions.count)
        for (index, dimension) in (hook.dimensions + hook.returnDimensions).enumerated() {
            let packed = try packer.pack(dimension, into: &image)
            tables.flags |= packed.preparation
            CArray.set(&tables.dimension, index, packed)
        }
        return tables
    }

    private func packRules(
        _ hook: HookTables, _ placement: Placement, _ generation: Generation,
        _ tables: inout secd_policy_hook, _ image: inout GenerationImage
    ) {
        let words = Int(tables.words)
        var all = [UInt64](repeating: 0, count: words)
        var plain = all
        tables.rules = UInt32(image.rules.count)
        for (bit, rule) in hook.rules.enumerated() {
            let group = hook.groups[rule.group]
            var packed = RulePacker.pack(
                rule, generation.policies[group.policy].mode, counter: placement.counters[bit],
                enforcer: placement.enforcers.isEmpty ? nil : placement.enforcers[bit])
            RulePacker.addReturnAction(group.event, to: &packed)
            packed.actions &= ~placement.impossible
            packed.return_actions &= ~placement.impossible
            if bit < placement.changes.count, !placement.changes[bit].isEmpty {
                packed.changes = UInt32(image.starts.count)
                image.starts += ChangePacker.entries(placement.changes[bit])
            } else if placement.mechanism == UInt16(SECD_POLICY_BY_UPROBE) {
                packed.actions &= ~(SECD_POLICY_SET | SECD_POLICY_OVERRIDE)
            }
            if RulePacker.tiesSockets(packed) { tables.flags |= SECD_POLICY_HOOK_SOCKETS }
            if packed.rate_ns != 0 || packed.counts != 0 { tables.flags |= SECD_POLICY_HOOK_RATES }
            image.rules.append(packed)
            all[bit >> 6] |= 1 << UInt64(bit & 63)
            if hook.rules.count > Self.countedRules, group.rules.count == 1, RulePacker.isPlain(packed) {
                plain[bit >> 6] |= 1 << UInt64(bit & 63)
            }
        }
        tables.all_row = image.row(all)
        tables.plain_row = image.row(plain)
        tables.report_only_row = image.row(hook.reportOnly.words)
    }

    private func checkPools(_ image: GenerationImage, _ hook: HookTables) throws(PackingFault) {
        let pools = [
            (image.rows.count, SECD_POLICY_ROW_CHUNKS * SECD_POLICY_ROWS_PER_CHUNK, "distinct sets of rules"),
            (image.rules.count, SECD_POLICY_RULE_CHUNKS * SECD_POLICY_RULES_PER_CHUNK, "selectors"),
            (
                image.starts.count, SECD_POLICY_START_CHUNKS * SECD_POLICY_STARTS_PER_CHUNK,
                "ranges of numbers, texts inside of text, expressions, changes to programs"
            ),
            (image.indexes.count, SECD_POLICY_INDEX_CHUNKS * SECD_POLICY_INDEX_PER_CHUNK, "classes"),
        ]
        for index in pools.indices where pools[index].0 > Int(pools[index].1) {
            let last = hook.groups.last
            throw PackingFault(
                policy: last?.policy, hook: last?.hook, point: nil,
                reason:
                    "\(pools[index].2): \(pools[index].0) of all policies together; "
                    + "there is room for \(pools[index].1)"
            )
        }
    }
}

extension secd_policy_dimension {
    /// What the programs must know of a process before they judge.
    fileprivate var preparation: UInt32 {
        switch Int32(input) {
        case SECD_POLICY_IN_PROCESS: SECD_POLICY_HOOK_CLASSES
        case SECD_POLICY_IN_MARKS, SECD_POLICY_IN_MARKS_ABOVE: SECD_POLICY_HOOK_MARKS
        default: 0
        }
    }
}

extension HookTables {
    /// Whether what the call brought is kept until it returns.
    package var waitsForReturn: Bool {
        !returnDimensions.isEmpty || columns.contains { $0.atReturn }
            || groups.contains { $0.event.waitsForReturn }
            || rules.contains { !$0.returnActions.isEmpty }
    }

    /// Columns that any event of the hook carries.
    var shownColumns: Set<Int> {
        var shown: Set<Int> = []
        for group in groups {
            let fields =
                group.event.arguments + group.event.data + [group.event.returnValue].compactMap { $0 }
            shown.formUnion(fields.map(\.column))
        }
        return shown
    }
}
