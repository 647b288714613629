internal import Adapters
internal import Glibc
public import Model

/// What this machine has.
public enum Machine {
  /// Cores that this process may use, and the machine's memory.
  public static func amounts() -> Amounts { HostMachine.amounts }

  /// The user's name at login, for the owner of a node that is given none.
  public static func userName() -> String? {
    for name in ["USER", "LOGNAME"] {
      if let value = getenv(name) {
        let text = String(cString: value)
        if NodeName.allows(text) { return text }
      }
    }
    return nil
  }
}
