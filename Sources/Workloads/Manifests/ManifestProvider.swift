import LinuxSystem

/// Follows the directory of manifests. It finds no containers itself: what it knows is said of those that others
/// find (`DeclaredPods`).
public final class ManifestProvider: WorkloadProvider {
    public let name = "manifests"
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { watch?.raw }

    private let directory: ManifestDirectory
    private var watch: ConfiguredFileWatch?

    public init(_ directory: ManifestDirectory) {
        self.directory = directory
    }

    public func begin() -> [FoundWorkload] {
        // First, so that nothing that comes meanwhile is missed.
        if watch == nil { watch = try? ConfiguredFileWatch(directory.files) }
        directory.refresh(nil)
        judge()
        return []
    }

    private func judge() {
        if watch == nil {
            state = .failing("the kernel gives no inotify descriptor")
        } else {
            state = directory.isReadable ? .connected : .absent
        }
    }

    public func changes() -> [FoundWorkload] {
        switch watch?.take() ?? .nothing {
        case .nothing: return []
        case .files(let paths): directory.refresh(paths)
        case .everything: directory.refresh(nil)
        }
        judge()
        return []
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? { nil }
}
