// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Something of an {@link RdmaDevice} that its owner must destroy: PD, MR, MW, CQ, SRQ or QP.
 * Thread-safe.
 *
 * <p>{@link #close()} is synchronous: when it returns, the hardware begins no further access on its
 * behalf and delivers no further completion from it. It is bounded, idempotent, and harmless after
 * the device is withdrawn. Not to be called on an agent thread (that is, not from a {@link
 * CompletionHandler}): it throws {@link IllegalStateException} there.
 */
@ProviderType
public interface RdmaResource extends AutoCloseable {
  /**
   * Kind and number, e.g. {@code qp 0x12ab34}.
   *
   * @return for reports
   */
  String label();

  @Override
  void close();
}
