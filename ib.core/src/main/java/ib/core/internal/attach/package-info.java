// SPDX-License-Identifier: Apache-2.0
/**
 * Attachments: which device and ops belong together, which candidate is promoted, and how a device
 * comes and goes without losing what its users hold.
 *
 * <p>From the outside in: {@link ib.core.internal.attach.DeviceTracker} listens to the framework;
 * {@link ib.core.internal.attach.Pairing} joins device and ops of one bundle to an {@link
 * ib.core.internal.attach.Offer}; {@link ib.core.internal.attach.Lane} holds the candidates of one
 * device name and decides with {@link ib.core.internal.attach.PromotionPolicy}; {@link
 * ib.core.internal.attach.Attachment} opens and closes hardware; {@link
 * ib.core.internal.attach.Publication} is what users bind.
 */
@NullMarked
package ib.core.internal.attach;

import org.jspecify.annotations.NullMarked;
