// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

/** A service id that is listened on. Owned by the engine. */
final class CmListener {
  final long serviceId;

  /** The adapter's object. */
  final Object owner;

  /** Whether it answers SIDR_REQ; else it takes REQ. */
  final boolean datagrams;

  /** Requests that the application has not answered. */
  int pending;

  CmListener(long serviceId, Object owner, boolean datagrams) {
    this.serviceId = serviceId;
    this.owner = owner;
    this.datagrams = datagrams;
  }
}
