import TextEncoding
import WorkloadModel

/// What a process runs in, described.
extension FieldVisitor where Self: ~Copyable {
    /// Text of ours.
    fileprivate mutating func plain(_ field: Field, _ value: String) {
        unsafe string(field, value.utf8.span.bytes)
    }

    /// `Process.pod`, as Tetragon has it.
    mutating func describe(
        pod record: WorkloadRecord?, pidInNamespace: UInt32, mayBeProbe: Bool, _ context: EncodingContext
    ) {
        typealias F = WorkloadFields
        let workload = record?.workload
        let pod = workload?.pod
        // Known by its cgroup alone a pod has nothing but its uid: that is shown, too.
        message(ProcessFields.pod, present: pod != nil) { visitor in
            visitor.plain(F.namespace, pod?.namespace ?? "")
            visitor.plain(F.podName, pod?.name ?? "")
            visitor.plain(F.podUID, pod?.uid ?? "")
            visitor.message(F.container, present: true) {
                $0.describe(
                    container: workload, pidInNamespace: pidInNamespace, mayBeProbe: mayBeProbe, context)
            }
            visitor.map(F.podLabels, count: record?.podLabels.count ?? 0) { index in
                let label = record?.podLabels[index]
                return (label?.key ?? "", label?.value ?? "")
            }
            visitor.plain(F.owner, pod?.owner ?? "")
            visitor.plain(F.ownerKind, pod?.ownerKind ?? "")
            visitor.map(F.podAnnotations, count: record?.podAnnotations.count ?? 0) { index in
                let annotation = record?.podAnnotations[index]
                return (annotation?.key ?? "", annotation?.value ?? "")
            }
        }
    }

    private mutating func describe(
        container workload: Workload?, pidInNamespace: UInt32, mayBeProbe: Bool, _ context: EncodingContext
    ) {
        typealias F = WorkloadFields
        let id = workload.map { $0.runtime.isEmpty ? $0.id : "\($0.runtime)://\($0.id)" }
        plain(F.containerID, id ?? "")
        plain(F.containerName, workload?.name ?? "")
        let image = workload?.image
        message(F.containerImage, present: image != nil && image != Workload.Image()) { visitor in
            visitor.plain(F.imageID, image?.id ?? "")
            visitor.plain(F.imageName, image?.name ?? "")
        }
        let started = workload?.started ?? 0
        timestamp(F.startTime, started == 0 ? nil : UnixTime(nanoseconds: started))
        wrapped(F.pid, pidInNamespace)
        bool(F.maybeExecProbe, mayBeProbe)
        let isPrivileged = workload?.isPrivileged ?? false
        message(F.securityContext, present: isPrivileged) { $0.bool(F.privileged, isPrivileged) }
    }

    /// `Process.workload`, of anything that is not the host.
    mutating func describe(workload record: WorkloadRecord?) {
        typealias F = WorkloadFields
        let workload = record?.workload
        message(ProcessFields.workload, present: workload != nil) { visitor in
            visitor.plain(F.kind, workload?.kind.rawValue ?? "")
            visitor.plain(F.id, workload?.id ?? "")
            visitor.plain(F.name, workload?.name ?? "")
            visitor.plain(F.runtime, workload?.runtime ?? "")
            visitor.plain(F.image, workload?.image.name ?? "")
            visitor.map(F.labels, count: record?.labels.count ?? 0) { index in
                let label = record?.labels[index]
                return (label?.key ?? "", label?.value ?? "")
            }
            visitor.plain(F.unit, workload?.unit ?? "")
            visitor.plain(F.slice, workload?.slice ?? "")
            let naming = workload?.naming ?? .known
            visitor.plain(F.naming, naming == .known ? "" : naming.rawValue)
            visitor.uint32(F.identity, record?.identity ?? 0)
        }
    }
}
