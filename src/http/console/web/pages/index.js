import audit from './audit.js'
import deliveries from './deliveries/index.js'
import documents from './documents.js'
import figures from './figures/index.js'
import keys from './keys.js'
import numbers from './numbers/index.js'
import persons from './persons/index.js'
import retention from './retention/index.js'
import settings from './settings.js'
import webhooks from './webhooks/index.js'

/** Every page, in the order of the menu. */
export const pages = [retention, figures, deliveries, numbers, persons, audit, documents, settings, webhooks, keys]
