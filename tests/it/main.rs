mod config_settings;
