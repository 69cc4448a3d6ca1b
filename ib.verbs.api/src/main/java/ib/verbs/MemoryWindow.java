// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A memory window ({@code struct ibv_mw}): a remote key of its own over a part of a region, that
 * work requests open and close (specification 10.6.7). Windows may be closed while they are bound;
 * a region can't: its {@code close} throws {@link IllegalStateException}.
 *
 * <p>Binding is a work request: it takes effect in its turn, for all requests posted after it. A
 * bind that is refused (region of another protection domain or without {@link AccessFlags#MW_BIND},
 * range outside the region, rights the region does not have, a window of type 2 that is still
 * bound) completes with {@link WcStatus#MW_BIND_ERR}, and the queue pair goes into error.
 */
@ProviderType
public interface MemoryWindow extends RdmaResource {
  /**
   * Type.
   *
   * @return as allocated
   */
  MwType type();

  /**
   * Key that the peer presents. A bind that was posted changes it at once; the new key opens memory
   * when the bind is done, the old one nothing any more.
   *
   * @return rkey
   */
  int rkey();

  /**
   * Binds a window of type 1 ({@code ibv_bind_mw}): posts the request to a queue pair of the same
   * protection domain. A length of 0 unbinds.
   *
   * @param qp where the request is posted
   * @param request begun with {@link WrOpcode#BIND_MW} and {@link SendWr#bindMw} of this window
   * @return as {@link QueuePair#postSend}
   * @throws IllegalArgumentException if the window is of type 2 or the request is not for it
   */
  PostResult bind(QueuePair qp, SendWr request);
}
