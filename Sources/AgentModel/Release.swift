/// The release that all programs of the suite carry.
public enum Release {
    public static let version = "0.1.0"
}
