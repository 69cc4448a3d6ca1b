// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Stands between an attachment and its ops and bus: debug, fault injection, metrics. A service;
 * {@code ib.core} wraps every attachment it builds with all interposers present, highest {@code
 * service.ranking} outermost. A change of interposers builds a new generation of the attachments
 * concerned.
 *
 * <p>The service property {@link IbDevice#DEVICE} limits it to one device; without it, it wraps
 * all.
 */
@ConsumerType
public interface IbDmaInterposer {
  /**
   * Wraps the ops of an attachment.
   *
   * @param device root device
   * @param ops the ops below
   * @return what users of the attachment call; may be {@code ops} itself
   */
  IbDmaOps wrapOps(IbDevice device, IbDmaOps ops);

  /**
   * Wraps the bus of an attachment; called after {@link #wrapOps} for the same attachment.
   *
   * @param device root device
   * @param bus the bus below
   * @return what the hardware uses; may be {@code bus} itself
   */
  DmaBus wrapBus(IbDevice device, DmaBus bus);
}
