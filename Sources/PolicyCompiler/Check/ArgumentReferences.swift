internal import PolicyModel

/// Finds the columns that filters and actions name.
struct ArgumentReferences {
    enum List: String {
        case arguments = "args"
        case data
        case returnValue = "returnArg"
    }

    let hook: HookSpec
    let arguments: [Int?]
    let data: [Int?]
    let returned: Int?
    let columns: [Column]
    /// Arguments of a USDT probe, where its program is known.
    var probe: [UsdtArgument]?

    /// The column of `index: n` or of a position; reports where there is none.
    ///
    /// `index` is the argument's own index. In tracepoints, whose own indices count common fields, a position in
    /// the list is accepted as well, as Tetragon does; an own index wins.
    func column(
        index: Located<Int>, in list: List, _ path: String, _ problems: Problems, isPosition: Bool = false
    ) -> Int? {
        switch list {
        case .returnValue:
            if index.value != 0 {
                problems.error(path, "a call returns one value: index 0", at: index.place)
                return nil
            }
            if returned == nil {
                problems.error(
                    path, "the hook has no returnArg to compare with", at: index.place,
                    hint: "add return: true and returnArg")
            }
            return returned
        case .arguments:
            return find(
                index, hook.arguments, arguments, list, path, problems, isPosition: isPosition,
                orPosition: hook.section == .tracepoints || hook.section == .usdts)
        case .data:
            // All elements of `data` usually have index 0.
            let own = hook.data.filter { $0.index.value == index.value }.count
            return find(
                index, hook.data, data, list, path, problems, isPosition: isPosition || own != 1,
                orPosition: true)
        }
    }

    /// The column of an argument by `index: n`, or by its position; nil where there is none.
    func argument(_ index: Int) -> Int? {
        let isPosition = hook.section == .tracepoints || hook.section == .usdts
        let position =
            hook.arguments.firstIndex { $0.index.value == index }
            ?? (isPosition && index < hook.arguments.count ? index : nil)
        return position.flatMap { arguments[$0] }
    }

    private func find(
        _ index: Located<Int>, _ specs: [ArgumentSpec], _ found: [Int?], _ list: List, _ path: String,
        _ problems: Problems, isPosition: Bool, orPosition: Bool
    ) -> Int? {
        var position: Int?
        if !isPosition { position = specs.firstIndex { $0.index.value == index.value } }
        if position == nil, isPosition || orPosition, index.value < specs.count { position = index.value }
        guard let position else {
            let known = specs.map { String($0.index.value) }.joined(separator: ", ")
            problems.error(
                path,
                "\(hook.path) has no \(list.rawValue) element \(isPosition ? "at position" : "with index") \(index.value)",
                at: index.place, hint: specs.isEmpty ? "add it to \(list.rawValue)" : "there are: \(known)")
            return nil
        }
        if specs[position].type.value == .nop, found[position] == nil {
            problems.error(
                path, "argument \(index.value) has type nop, so it is not read", at: index.place,
                hint: "give it a type")
        }
        return found[position]
    }
}
