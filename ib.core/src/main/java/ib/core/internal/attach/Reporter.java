// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import org.jspecify.annotations.Nullable;

/** Where the classes of this package say what they did. Thread-safe, never blocks. */
interface Reporter {
  /** What an operator wants to read once. */
  void info(String message);

  /** What an operator should look at. */
  void warn(String message, @Nullable Throwable cause);

  default void warn(String message) {
    warn(message, null);
  }
}
