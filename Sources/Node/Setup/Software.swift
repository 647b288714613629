/// What this software calls itself.
public enum Software {
  public static let version = "0.1.0"
  /// Of the keys in what the command line and the HTTP interface print (docs/cli.md).
  public static let outputVersion = 1
}
