internal import PolicyModel
internal import YAMLReader

/// Where the types of elements are looked up.
extension ColumnTable {
    /// Where types of an element are looked up: in the program for its own values, of a function's own in its module,
    /// else in the kernel.
    func types(for spec: ArgumentSpec) -> (any KernelTypes)? {
        if spec.source != nil { return check.settings.kernel }
        return isProgram ? target.types : check.settings.kernel?.types(of: target.prototype)
    }

    /// The module that `btfType` is to be looked up in; empty = none is named.
    func module(_ spec: ArgumentSpec) -> String {
        let name = spec.btfType == nil ? "" : spec.btfTypeModule?.value ?? ""
        // As the files below /sys/kernel/btf are called.
        return name == "vmlinux" ? "" : name
    }

    /// The types of that module; nil where there are none, which is said.
    func types(
        ofModule module: Located<String>, _ types: (any KernelTypes)?, _ spec: ArgumentSpec, _ path: String
    ) -> (any KernelTypes)? {
        if isProgram, spec.source == nil {
            problems.error(
                path + ".btfTypeModule", "names a module of the kernel; these are types of a program",
                at: module.place, hint: "btfPath: a file with them")
            return nil
        }
        guard let kernel = check.settings.kernel, module.value != "vmlinux" else { return types }
        guard let found = kernel.types(ofModule: module.value) else {
            problems.error(
                path + ".btfTypeModule", "\(kernel.release) has no types of a module \"\(module.value)\"",
                at: module.place,
                hint: "it is not loaded, or was built without them: /sys/kernel/btf has those that are there")
            return nil
        }
        return found
    }
}
