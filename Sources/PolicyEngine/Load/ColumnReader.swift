package import CEventABI
package import PolicyCompiler
package import PolicyModel

/// Columns → how programs read them. Offsets come from the type information of the kernel that runs.
package final class ColumnReader {
    /// Why a column cannot be read here, as the end of a sentence.
    package struct Obstacle: Error, Hashable {
        package var reason: String
    }

    let kernel: BTFKernelTypes
    let point: AttachPoint
    /// The prototype at the point; nil where there is none.
    let prototype: KernelFunction?
    /// The types that the prototype is made of: of its module, or the kernel's own.
    private let ownTypes: BTFKernelTypes
    /// Words of its arguments; those of other points are numbered as arguments are.
    let words: [Range<Int>?]
    /// Of a tracepoint's record.
    private let fields: [TracepointField]
    /// The prototype's arguments are those of the program, but for what stands elsewhere here.
    let standIn: StandIn?
    private let programs: ProgramCache?
    /// What meets the point; nil where only prototypes are asked for.
    let mechanism: HookMechanism?

    package convenience init(_ kernel: BTFKernelTypes, _ point: AttachPoint) {
        self.init(kernel, point, nil, programs: nil)
    }

    /// - Parameters:
    ///   - mechanism: what the point is met by.
    ///   - programs: with the types of programs that columns name.
    init(
        _ kernel: BTFKernelTypes, _ point: AttachPoint, _ mechanism: HookMechanism?, programs: ProgramCache?
    ) {
        self.programs = programs
        self.mechanism = mechanism
        self.kernel = kernel
        self.point = point
        let standIn = mechanism?.standIn
        self.standIn = standIn
        var fields: [TracepointField] = []
        switch point {
        case .function(let symbol): prototype = kernel.function(symbol)
        case .lsm(let hook): prototype = kernel.lsmHook(hook)
        case .rawTracepoint(let event): prototype = kernel.rawTracepoint(event)
        case .tracepoint(let subsystem, let event):
            prototype = nil
            if case .text(let text) = kernel.tracepointText(subsystem, event) {
                fields = TracepointField.fields(of: text)
            }
        case .syscall, .uprobe, .usdt, .mapping: prototype = nil
        }
        self.fields = fields
        let module = prototype?.module ?? ""
        let types = module.isEmpty ? kernel : kernel.module(module) ?? kernel
        ownTypes = types
        switch point {
        case .function, .lsm: words = standIn == nil ? prototype.map { types.words(of: $0) } ?? [] : []
        default: words = []
        }
    }

    /// How a column is read.
    package func pack(_ column: Column) throws(Obstacle) -> secd_policy_column {
        var packed = secd_policy_column()
        packed.size_argument = 0xff
        if let size = column.sizeArgument { packed.size_argument = UInt8(clamping: try word(of: size)) }
        packed.capacity = UInt32(min(column.capacity, Column.textCapacity))
        if column.atReturn { packed.flags |= UInt8(SECD_POLICY_COLUMN_RETURN) }
        if let asked = mechanism?.asked, try pack(column, asked, &packed) { return packed }
        let start = try start(column, &packed)
        let value = try follow(column, from: start, &packed)
        try setReader(column, value, &packed)
        return packed
    }

    /// Of the call's arguments fanotify tells the file, and sometimes how it is accessed.
    private func pack(
        _ column: Column, _ asked: FileCalls, _ packed: inout secd_policy_column
    ) throws(Obstacle) -> Bool {
        guard case .argument(let position) = column.source else { return false }
        packed.from = UInt8(SECD_POLICY_FROM_ARGUMENT)
        packed.position = UInt16(clamping: position)
        if position == asked.file, column.type.textFacet != nil, column.path.isEmpty {
            packed.reader = UInt8(SECD_POLICY_READ_SUBJECT)
            return true
        }
        guard position == asked.access, column.type.integer != nil, column.path.isEmpty else {
            throw Obstacle(reason: "fanotify tells nothing of this argument")
        }
        setNumber(column, nil, &packed)
        return true
    }

    /// Says which position of the kernel's call a column begins at.
    private func start(
        _ column: Column, _ packed: inout secd_policy_column
    ) throws(Obstacle) -> KernelType? {
        switch column.source {
        case .argument(let position):
            if case .tracepoint(let subsystem, _) = point {
                guard position < fields.count else {
                    throw Obstacle(reason: "the tracepoint has no field \(position) here")
                }
                packed.from = UInt8(SECD_POLICY_FROM_FIELD)
                packed.position = UInt16(clamping: fields[position].offset)
                packed.width = UInt8(clamping: fields[position].size)
                if subsystem == "syscalls" { packed.flags |= UInt8(SECD_POLICY_COLUMN_USER) }
                return nil
            }
            packed.from = UInt8(SECD_POLICY_FROM_ARGUMENT)
            packed.position = UInt16(clamping: position)
            if isInProgram { packed.flags |= UInt8(SECD_POLICY_COLUMN_USER) }
            if case .syscall = point { packed.flags |= UInt8(SECD_POLICY_COLUMN_USER) }
            if let standIn, !standIn.callPoints.isEmpty {
                return try start(position, standIn, column, &packed)
            }
            guard let prototype else { return nil }
            guard position < prototype.parameters.count else {
                throw Obstacle(reason: "\(point.name) has no argument \(position) here")
            }
            if let standIn {
                guard position < standIn.arguments.count, let here = standIn.arguments[position] else {
                    throw Obstacle(reason: "\(standIn.name) does not have argument \(position)")
                }
                packed.position = UInt16(here)
            }
            if !words.isEmpty { packed.position = UInt16(try word(of: position)) }
            return prototype.parameters[position].type
        case .returnValue:
            packed.from = UInt8(SECD_POLICY_FROM_RETURN)
            packed.flags |= UInt8(SECD_POLICY_COLUMN_RETURN)
            if isInProgram { packed.flags |= UInt8(SECD_POLICY_COLUMN_USER) }
            return prototype?.result
        case .currentTask:
            packed.from = UInt8(SECD_POLICY_FROM_TASK)
            return kernel.structure("task_struct")
        case .register(let name):
            try start(register: name, column.type, &packed)
            return nil
        }
    }

    var isInProgram: Bool {
        switch point {
        case .uprobe, .usdt: true
        default: false
        }
    }

    /// Where the members of a column are looked up, and the type that they begin with.
    private func types(
        _ column: Column, _ start: KernelType?
    ) throws(Obstacle) -> (types: BTFKernelTypes, start: KernelType?) {
        guard isInProgram, column.source != .currentTask else {
            if column.module.isEmpty { return (ownTypes, start) }
            guard let module = kernel.module(column.module) else {
                throw Obstacle(reason: "the module \(column.module) is not loaded, or has no types")
            }
            return (module, start)
        }
        guard !column.types.isEmpty, let programs else {
            throw Obstacle(reason: "the types of the program are not known")
        }
        let types: BTFKernelTypes
        do throws(ProgramObstacle) {
            types = try programs.types(column.types)
        } catch {
            throw Obstacle(reason: error.reason)
        }
        guard case .uprobe(_, .symbol(let name), _) = point, let function = types.function(name) else {
            return (types, nil)
        }
        switch column.source {
        case .argument(let position) where position < function.parameters.count:
            return (types, function.parameters[position].type)
        case .returnValue: return (types, function.result)
        default: return (types, nil)
        }
    }

    /// The steps to the value; nil where its type is not known.
    private func follow(
        _ column: Column, from start: KernelType?, _ packed: inout secd_policy_column
    ) throws(Obstacle) -> KernelType? {
        guard !column.path.isEmpty || !column.startType.isEmpty else { return start }
        let (kernel, start) = try types(column, start)
        var type = start
        if !column.startType.isEmpty {
            let name =
                column.startType.hasPrefix("struct ")
                ? String(column.startType.dropFirst(7)) : column.startType
            type = kernel.structure(name)
        }
        guard !column.path.isEmpty else { return type }
        guard let type, let layout = kernel.layout(of: column.path, in: type) else {
            throw Obstacle(reason: "where \"\(column.path)\" lies is not known on this kernel")
        }
        try setSteps(layout, &packed)
        if isInProgram, column.source != .currentTask {
            packed.flags |= UInt8(SECD_POLICY_COLUMN_OWN)
        } else {
            // Behind a member everything is the kernel's.
            packed.flags &= ~UInt8(SECD_POLICY_COLUMN_USER)
        }
        return layout.type
    }

    private func setSteps(
        _ layout: MemberLayout, _ packed: inout secd_policy_column
    ) throws(Obstacle) {
        guard layout.offsets.count + Int(packed.step_count) <= Int(SECD_POLICY_STEPS_MAX) else {
            throw Obstacle(
                reason:
                    "\(layout.offsets.count) pointers are followed; at most \(SECD_POLICY_STEPS_MAX) can be")
        }
        // A step that leads to the start stands before them.
        let before = Int(packed.step_count)
        for (index, offset) in layout.offsets.enumerated() {
            CArray.set(&packed.steps, before + index, offset)
        }
        packed.step_count = UInt8(before + layout.offsets.count)
        if let bits = layout.bits {
            packed.bit_offset = UInt8(clamping: bits.lowerBound)
            packed.bit_size = UInt8(clamping: bits.count)
        }
        if case .pointer = layout.type.shape { return }
        packed.flags |= UInt8(SECD_POLICY_COLUMN_INSIDE)
    }

    // MARK: Readers

    private func setReader(
        _ column: Column, _ value: KernelType?, _ packed: inout secd_policy_column
    ) throws(Obstacle) {
        if column.type.integer != nil {
            setNumber(column, value, &packed)
            return
        }
        if case .tracepoint = point, packed.from == UInt8(SECD_POLICY_FROM_FIELD),
            column.type.textFacet == .text
        {
            try setFieldText(column, &packed)
            return
        }
        packed.reader = try reader(column, value, &packed)
        // A file that a user names by its number is the kernel's all the same.
        let isUserText: Set<Int32> = [
            SECD_POLICY_READ_STRING, SECD_POLICY_READ_BUFFER, SECD_POLICY_READ_ADDRESS,
            SECD_POLICY_READ_PIECES, SECD_POLICY_READ_BPF_ATTR,
        ]
        if !isUserText.contains(Int32(packed.reader)) { packed.flags &= ~UInt8(SECD_POLICY_COLUMN_USER) }
    }

    private func reader(
        _ column: Column, _ value: KernelType?, _ packed: inout secd_policy_column
    ) throws(Obstacle) -> UInt8 {
        if let reader = try standInReader(column, packed) ?? column.type.reader { return reader }
        switch column.type {
        case .constBuf:
            guard case .array(let element, let count) = value?.shape, let bytes = element.bytes else {
                throw Obstacle(reason: "const_buf is an array inside of a structure: only that has a length")
            }
            packed.capacity = min(packed.capacity, UInt32(clamping: Int(count) * bytes))
            return UInt8(SECD_POLICY_READ_BUFFER)
        case .dataLoc:
            throw Obstacle(reason: "data_loc is a field of a tracepoint: no other place has such text")
        case .sockaddr, .sockaddrUn:
            setAddressLength(&packed)
            return UInt8(SECD_POLICY_READ_ADDRESS)
        case .sock, .socket:
            if standIn?.hasPeer ?? false { packed.flags |= UInt8(SECD_POLICY_COLUMN_PEER) }
            return UInt8(column.type == .sock ? SECD_POLICY_READ_SOCK : SECD_POLICY_READ_SOCKET)
        case .kiocb:
            try addStep("ki_filp", of: "kiocb", &packed)
            return UInt8(SECD_POLICY_READ_FILE)
        case .netDevice:
            try addStep("name", of: "net_device", &packed)
            return UInt8(SECD_POLICY_READ_STRING)
        default: throw Obstacle(reason: "its type is not known on this kernel")
        }
    }

    private func setNumber(_ column: Column, _ value: KernelType?, _ packed: inout secd_policy_column) {
        let shape = column.type.integer ?? IntegerShape(bytes: 8, isSigned: false)
        packed.reader = UInt8(SECD_POLICY_READ_NUMBER)
        packed.flags &= ~UInt8(SECD_POLICY_COLUMN_USER)
        if shape.isSigned { packed.flags |= UInt8(SECD_POLICY_COLUMN_SIGNED) }
        // A field or member has a width of its own: more must not be read.
        var width = shape.bytes
        if packed.from == UInt8(SECD_POLICY_FROM_FIELD), packed.width > 0 {
            width = min(width, Int(packed.width))
        }
        if packed.step_count > 0, case .integer(let own) = value?.shape { width = min(width, own.bytes) }
        packed.width = UInt8(width)
        // Sets of capabilities are passed by pointer.
        if column.type.isCapabilitySet, packed.step_count == 0, case .pointer = value?.shape {
            packed.step_count = 1
        }
    }

    /// Text of a tracepoint stands in its record, or its record says where.
    private func setFieldText(_ column: Column, _ packed: inout secd_policy_column) throws(Obstacle) {
        guard case .argument(let position) = column.source else { return }
        let field = fields[position]
        switch field.kind {
        case .dataLocation: packed.reader = UInt8(SECD_POLICY_READ_DATA_LOC)
        case .array where column.type == .constBuf:
            // The bytes themselves, as many as the record has.
            packed.reader = UInt8(SECD_POLICY_READ_BUFFER)
            packed.flags |= UInt8(SECD_POLICY_COLUMN_INSIDE)
            packed.capacity = min(packed.capacity, UInt32(clamping: field.size))
        case .array: packed.reader = UInt8(SECD_POLICY_READ_FIELD_STRING)
        case .pointer:
            packed.reader = UInt8(
                column.type == .charBuf
                    ? SECD_POLICY_READ_BUFFER
                    : column.type == .charIovec ? SECD_POLICY_READ_PIECES : SECD_POLICY_READ_STRING)
        case .number: throw Obstacle(reason: "the field is a number")
        }
        if field.kind != .pointer { packed.flags &= ~UInt8(SECD_POLICY_COLUMN_USER) }
    }

    /// One member further than the policy says: the type has one that is shown for it.
    private func addStep(
        _ member: String, of structure: String, _ packed: inout secd_policy_column
    ) throws(Obstacle) {
        guard let type = kernel.structure(structure), let layout = kernel.layout(of: member, in: type),
            let offset = layout.offsets.last, Int(packed.step_count) < Int(SECD_POLICY_STEPS_MAX)
        else { throw Obstacle(reason: "\(structure).\(member) is not known on this kernel") }
        if packed.flags & UInt8(SECD_POLICY_COLUMN_INSIDE) != 0, packed.step_count > 0 {
            // The structure itself was reached: its member lies a bit further.
            let last = Int(packed.step_count) - 1
            CArray.set(&packed.steps, last, CArray.get(packed.steps, last, as: UInt32.self) + offset)
        } else {
            CArray.set(&packed.steps, Int(packed.step_count), offset)
            packed.step_count += 1
        }
        if case .pointer = layout.type.shape {
            packed.flags &= ~UInt8(SECD_POLICY_COLUMN_INSIDE)
        } else {
            packed.flags |= UInt8(SECD_POLICY_COLUMN_INSIDE)
        }
    }
}
