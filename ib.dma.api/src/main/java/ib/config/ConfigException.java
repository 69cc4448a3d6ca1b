// SPDX-License-Identifier: Apache-2.0
package ib.config;

/** A configuration that can't work. The message is for operators and complete. */
public final class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * Names everything an operator needs.
   *
   * @param where file or PID
   * @param key key that is wrong
   * @param what what is wrong with it, after "key 'K' "
   * @param remedy what to do
   */
  public ConfigException(String where, String key, String what, String remedy) {
    super(where + ": key '" + key + "' " + what + "; " + remedy);
  }
}
