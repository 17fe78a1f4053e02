"""Generation providers: one module for each API, all behind `providers.base.Provider`."""
