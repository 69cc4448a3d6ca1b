// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/** Where plain classes say what happened to a path. Thread-safe, does not block. */
interface EventLog {
  /** Something an operator may want to know. */
  void info(String words);

  /** Something an operator should look at. */
  void warn(String words);
}
