// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;

/**
 * The device that a run uses.
 *
 * @param device the device
 * @param manager connection manager of its port
 * @param pool memory
 */
record Local(RdmaDevice device, ConnectionManager manager, DmaMemoryPool pool) {}
